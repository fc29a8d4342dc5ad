import { pricesReply as prices, type pricesReply, ratesReply } from '@colibri/contracts'
import { catalogue } from '@colibri/exchange'
import type { Call } from '@colibri/service-kit'
import type { z } from 'zod'
import type { AccountFiles } from '../accounts/account-files.ts'
import type { AccountVenues } from '../accounts/account-venues.ts'
import type { Balances } from '../accounts/balances.ts'
import { Exact } from '../decimal.ts'
import { isPerpetual } from '../positions/positions.ts'

interface Place {
  readonly accountName: string
  readonly connectorName: string
}

/** What one account has at one connector, or why that cannot be told. */
export type Holding =
  | (Place & {
      readonly kind: 'seen'
      readonly market: 'spot' | 'perpetual'
      /** Open perpetual positions. */
      readonly positions: number
      /** Balances, what open positions have won or lost included. */
      readonly tokens: ReadonlyMap<string, Exact>
      /** In USDT; null where nobody knows one. */
      readonly prices: ReadonlyMap<string, string | null>
    })
  | (Place & { readonly kind: 'unseen'; readonly reason: string })

export interface HoldingsDeps {
  readonly files: Pick<AccountFiles, 'accounts' | 'connectors'>
  readonly venues: Pick<AccountVenues, 'access'>
  readonly balances: Pick<Balances, 'read'>
  readonly call: Call
  now(): number
}

const PRICES_MS = 3_000
/** An older price is none. */
const PRICE_OLD_MS = 60_000
const DOLLAR = 'USDT'

/** By ccxt's own reading of each exchange: the total it gives for perpetuals holds what open positions have won or lost. */
const totalsHoldProfit: ReadonlySet<string> = new Set(['binanceusdm', 'okx', 'bitget', 'hyperliquid', 'kucoinfutures'])

const holdsProfit = (connectorName: string): boolean => {
  const ccxt = catalogue.find(({ name }) => name === connectorName)?.ccxt
  return ccxt?.kind === 'exchange' && totalsHoldProfit.has(ccxt.id)
}

const isSimulated = (name: string): boolean => /^simulator(_|$)/.test(name)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Asks venues and market-data now. Null for accounts: all of them. Never rejects for what a venue does. */
export const readHoldings = ({ files, venues, balances, call, now }: HoldingsDeps) => {
  /** Null where nobody knows a price; rejects when that cannot be told. */
  const pricesOf = async (connectorName: string, tokens: readonly string[]): Promise<Map<string, string | null>> => {
    const known = new Map<string, string | null>()
    for (const token of tokens) if (token.includes('USD')) known.set(token, '1')
    const others = tokens.filter((token) => !known.has(token))
    if (others.length === 0) return known
    const pairOf = (token: string): string => `${token}-${DOLLAR}`
    const asked = { connectorName, tradingPairs: others.map(pairOf) }
    const reply: z.infer<typeof pricesReply> = await call('market-data', 'prices', asked, prices, PRICES_MS)
    if (now() - reply.time > PRICE_OLD_MS) throw new Error('prices are too old')
    for (const token of others) known.set(token, reply.prices[pairOf(token)] ?? null)
    const unknown = others.filter((token) => known.get(token) === null)
    if (unknown.length === 0) return known
    const oracle = await call('market-data', 'rates', { tradingPairs: unknown.map(pairOf) }, ratesReply, PRICES_MS)
    // Play money never gets a price of the real world, nor the other way round.
    if (isSimulated(oracle.source) !== isSimulated(connectorName)) return known
    for (const token of unknown) known.set(token, oracle.rates[pairOf(token)]?.rate ?? null)
    return known
  }

  const positionsAt = async ({ accountName, connectorName }: Place) => {
    if (!isPerpetual(connectorName)) return []
    const access = await venues.access(accountName, connectorName)
    if (access.kind !== 'open') throw new Error(access.kind)
    return access.venue.positions()
  }

  const see = async (place: Place): Promise<Holding | undefined> => {
    const { accountName, connectorName } = place
    const at = `${accountName} at ${connectorName}`
    const unseen = (reason: string): Holding => ({ kind: 'unseen', accountName, connectorName, reason })
    const [positions, held] = await Promise.all([
      positionsAt(place).catch((error: unknown) => messageOf(error)),
      balances.read({ accountNames: [accountName], connectorNames: [connectorName], refresh: true }),
    ])
    const holding = held.accounts[0]
    // Removed meanwhile, or a venue that no account can be opened at.
    if (holding === undefined || holding.error === 'unknown-connector') return undefined
    if (holding.error !== null) return unseen(`balances of ${at}: ${holding.error}`)
    if (typeof positions === 'string') return unseen(`positions of ${at}: ${positions}`)
    const tokens = new Map(holding.balances.map(({ token, total }) => [token, new Exact(total)]))
    if (!holdsProfit(connectorName)) {
      for (const { tradingPair, unrealizedPnl } of positions) {
        if (unrealizedPnl === null) return unseen(`the venue does not say what ${tradingPair} of ${at} has won or lost`)
        const quote = tradingPair.slice(tradingPair.indexOf('-') + 1)
        tokens.set(quote, (tokens.get(quote) ?? new Exact(0)).plus(unrealizedPnl))
      }
    }
    try {
      const market = isPerpetual(connectorName) ? 'perpetual' : 'spot'
      const known = await pricesOf(connectorName, [...tokens.keys()])
      return { kind: 'seen', accountName, connectorName, market, positions: positions.length, tokens, prices: known }
    } catch (error) {
      return unseen(`prices at ${connectorName}: ${messageOf(error)}`)
    }
  }

  return async (accountNames: readonly string[] | null): Promise<readonly Holding[]> => {
    const accounts = (await files.accounts()).filter((name) => accountNames?.includes(name) ?? true)
    const seen = await Promise.all(
      accounts.map(async (accountName) =>
        Promise.all((await files.connectors(accountName)).map((connectorName) => see({ accountName, connectorName }))),
      ),
    )
    return seen.flat().filter((holding) => holding !== undefined)
  }
}
