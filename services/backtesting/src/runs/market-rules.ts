import { tradingRulesReply } from '@colibri/contracts'
import { type Call, RpcError } from '@colibri/service-kit'
import type { TradingRules } from '@colibri/strategy'
import type { Market } from '../workers/job.ts'

/** The rules of a market; undefined where nobody knows them, and then nothing is rounded. */
export type AskRules = (market: Market) => Promise<TradingRules | undefined>

const TIMEOUT_MS = 5_000

/** Asks market-data; what it said of a connector holds for `freshMs`, also that it knows nothing. */
export const marketRules = (
  call: Call,
  options: {
    readonly freshMs: number
    readonly now: () => number
    /** Told when they are not to be had. */
    readonly unknown: (connector: string, why: string) => void
  },
): AskRules => {
  const known = new Map<string, { readonly at: number; readonly rules: Promise<ReadonlyMap<string, TradingRules>> }>()
  const MOST = 50

  const ask = async (connectorName: string): Promise<ReadonlyMap<string, TradingRules>> => {
    try {
      const { rules } = await call('market-data', 'trading-rules', { connectorName }, tradingRulesReply, TIMEOUT_MS)
      return new Map(
        rules.map((rule): [string, TradingRules] => [
          rule.tradingPair,
          {
            min_order_size: Number(rule.minOrderSize),
            min_price_increment: Number(rule.minPriceIncrement),
            min_base_amount_increment: Number(rule.minBaseAmountIncrement),
            min_notional_size: Number(rule.minNotionalSize),
          },
        ]),
      )
    } catch (error) {
      if (!(error instanceof RpcError) || error.kind === 'internal') throw error
      options.unknown(connectorName, error.message)
      return new Map()
    }
  }

  return async ({ connector_name: connector, trading_pair: pair }) => {
    let entry = known.get(connector)
    if (entry === undefined || options.now() - entry.at >= options.freshMs) {
      entry = { at: options.now(), rules: ask(connector) }
      entry.rules.catch(() => known.delete(connector))
      known.set(connector, entry)
      const [oldest] = known.keys()
      if (known.size > MOST && oldest !== undefined) known.delete(oldest)
    }
    return (await entry.rules).get(pair)
  }
}
