import { priceSource } from '../state/valuation.ts'
import type { PastQueries, SeenPrice } from './past.queries.ts'

/** The close of a market's last minute before a time; null where nobody can tell. */
export type AskClose = (connectorName: string, tradingPair: string, at: number) => Promise<string | null>

export type PastPriceSources = Pick<PastQueries, 'traded' | 'snapshotPrices'>

/** What was seen within this time counts as the price of the moment. */
const SAME_MOMENT_MS = 10 * 60_000

const splitPair = (tradingPair: string): readonly [string, string] => {
  const dash = tradingPair.lastIndexOf('-')
  return [tradingPair.slice(0, dash), tradingPair.slice(dash + 1)]
}

const newer = (left: SeenPrice | undefined, right: SeenPrice | undefined): SeenPrice | undefined =>
  left === undefined || (right !== undefined && right.time > left.time) ? right : left

/**
 * Prices of markets as they were: by the account's own last trade or the snapshot before, whichever is newer, when it is
 * not older than ten minutes; else by the candle of that minute; else none. Never rejects for want of a price.
 */
export const pastPrices =
  (past: PastPriceSources, askClose: AskClose, onFailure: (error: unknown) => void) =>
  async (connectorName: string, tradingPairs: readonly string[], at: number): Promise<ReadonlyMap<string, string>> => {
    const [traded, snapshot] = await Promise.all([
      past.traded(connectorName, tradingPairs, at),
      past.snapshotPrices(connectorName, at),
    ])
    const found = await Promise.all(
      tradingPairs.map(async (pair) => {
        const [base, quote] = splitPair(pair)
        const inDollars = quote.includes('USD') ? snapshot.get(base) : undefined
        const seen = newer(traded.get(pair), inDollars)
        if (seen !== undefined && at - seen.time <= SAME_MOMENT_MS) return [pair, seen.price] as const
        const close = await askClose(connectorName, pair, at).catch((error: unknown) => {
          onFailure(error)
          return null
        })
        return [pair, close] as const
      }),
    )
    return new Map(found.flatMap(([pair, price]) => (price === null ? [] : [[pair, price] as const])))
  }

/**
 * USDT for one unit of each token at a time: a dollar for dollars, else by the snapshot before or a trade since, however
 * old (a snapshot is what everything of the past is valued by), else by the candle of that minute.
 */
export const pastTokenPrices =
  (past: PastPriceSources, askClose: AskClose, onFailure: (error: unknown) => void) =>
  async (connectorName: string, tokens: readonly string[], at: number): Promise<ReadonlyMap<string, string>> => {
    const pairs = new Map(
      tokens.flatMap((token) => {
        const source = priceSource(token, connectorName)
        return source.kind === 'market' ? [[token, source.tradingPair] as const] : []
      }),
    )
    const [traded, snapshot] = await Promise.all([
      past.traded(connectorName, [...pairs.values()], at),
      past.snapshotPrices(connectorName, at),
    ])
    const found = await Promise.all(
      tokens.map(async (token) => {
        const pair = pairs.get(token)
        if (pair === undefined) return [token, '1'] as const
        const seen = newer(traded.get(pair), snapshot.get(token))
        if (seen !== undefined) return [token, seen.price] as const
        const close = await askClose(connectorName, pair, at).catch((error: unknown) => {
          onFailure(error)
          return null
        })
        return [token, close] as const
      }),
    )
    return new Map(found.flatMap(([token, price]) => (price === null ? [] : [[token, price] as const])))
  }
