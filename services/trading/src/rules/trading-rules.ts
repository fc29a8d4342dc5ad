import { pricesReply, tradingRulesReply } from '@colibri/contracts'
import type { Call } from '@colibri/service-kit'
import type { ConnectorRules } from '../orders/check-order.ts'

/** What market-data knows of a connector, kept here so that placing an order asks nobody. */
export interface TradingRules {
  /** Undefined when they could never be loaded. Old rules are used while market-data cannot be reached. */
  of(connectorName: string): Promise<ConnectorRules | undefined>
  /** Last price, quote per base; null when it is not known in time. */
  price(connectorName: string, tradingPair: string): Promise<string | null>
}

export interface TradingRulesDeps {
  readonly call: Call
  now(): number
  background(name: string, work: Promise<unknown>): void
}

const RULES_FRESH_MS = 5 * 60_000
const RULES_TIMEOUT_MS = 5_000
const PRICE_FRESH_MS = 1_000
/** Good enough to judge a minimum notional; the venue judges exactly. */
const PRICE_USABLE_MS = 5_000
const PRICE_TIMEOUT_MS = 1_000

interface Cached<T> {
  value: T | undefined
  at: number
  loading: Promise<T> | undefined
}

/** Values by key: fresh ones at once, usable ones at once with a reload behind them, others by waiting for a load. */
const cache = <T>(
  deps: TradingRulesDeps,
  name: string,
  limits: { readonly freshMs: number; readonly usableMs: number },
  load: (key: string) => Promise<T>,
) => {
  const entries = new Map<string, Cached<T>>()

  const reload = (key: string, entry: Cached<T>): Promise<T> => {
    entry.loading ??= load(key)
      .then((value) => {
        entry.value = value
        entry.at = deps.now()
        return value
      })
      .finally(() => {
        entry.loading = undefined
      })
    return entry.loading
  }

  return async (key: string): Promise<T | undefined> => {
    const entry = entries.get(key) ?? { value: undefined, at: 0, loading: undefined }
    entries.set(key, entry)
    const age = deps.now() - entry.at
    if (entry.value !== undefined && age <= limits.usableMs) {
      if (age > limits.freshMs && entry.loading === undefined) deps.background(name, reload(key, entry))
      return entry.value
    }
    return reload(key, entry).catch(() => undefined)
  }
}

export const createTradingRules = (deps: TradingRulesDeps): TradingRules => {
  const rules = cache<ConnectorRules>(
    deps,
    'loading trading rules',
    { freshMs: RULES_FRESH_MS, usableMs: Number.POSITIVE_INFINITY },
    async (connectorName) => {
      const reply = await deps.call(
        'market-data',
        'trading-rules',
        { connectorName },
        tradingRulesReply,
        RULES_TIMEOUT_MS,
      )
      return { rules: new Map(reply.rules.map((rule) => [rule.tradingPair, rule])), orderTypes: reply.orderTypes }
    },
  )
  const prices = cache<{ readonly price: string | null }>(
    deps,
    'loading a price',
    { freshMs: PRICE_FRESH_MS, usableMs: PRICE_USABLE_MS },
    async (key) => {
      const [connectorName = '', tradingPair = ''] = key.split('\n')
      const request = { connectorName, tradingPairs: [tradingPair] }
      const reply = await deps.call('market-data', 'prices', request, pricesReply, PRICE_TIMEOUT_MS)
      return { price: reply.prices[tradingPair] ?? null }
    },
  )
  return {
    of: rules,
    price: async (connectorName, tradingPair) => (await prices(`${connectorName}\n${tradingPair}`))?.price ?? null,
  }
}
