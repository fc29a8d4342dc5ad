import type { LastKnownPrices } from './last-known-prices.ts'

/** Asks market-data: null where the venue does not know the pair. Rejects when nobody answers in time. */
export type AskPrices = (
  connectorName: string,
  tradingPairs: readonly string[],
) => Promise<ReadonlyMap<string, string | null>>

/**
 * Prices to value balances with. A venue that does not answer, or lost a market, is valued at the last price seen; what
 * was never priced is absent. Never rejects: a portfolio without a price is still a portfolio.
 */
export const marketPrices =
  (ask: AskPrices, lastKnown: LastKnownPrices, onFailure: (connectorName: string, error: unknown) => void) =>
  async (connectorName: string, tradingPairs: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    if (tradingPairs.length === 0) return new Map()
    const fresh = await ask(connectorName, tradingPairs).catch((error: unknown) => {
      onFailure(connectorName, error)
      return new Map<string, string | null>()
    })
    const known = [...fresh].flatMap(([pair, price]) => (price === null ? [] : [[pair, price] as const]))
    lastKnown.remember(connectorName, new Map(known))
    return new Map(
      tradingPairs.flatMap((pair) => {
        const price = fresh.get(pair) ?? lastKnown.get(connectorName, pair)
        return price === undefined ? [] : [[pair, price] as const]
      }),
    )
  }
