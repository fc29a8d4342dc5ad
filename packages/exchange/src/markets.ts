import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { type MarketReply, marketReply } from './ccxt-replies.ts'
import { ccxtSymbolOf, tradingPairOf } from './pairs.ts'
import { isTradable, ruleOf } from './trading-rules.ts'
import { UnknownPair, type VenueRule } from './venue.ts'

/** The tradable markets of one connector by the contract's pair. */
export interface Markets {
  readonly rules: readonly VenueRule[]
  /** Throws `UnknownPair`. */
  market(tradingPair: string): MarketReply
  has(tradingPair: string): boolean
  /** `null` for a market of another kind on the same account. */
  tradingPair(symbol: string): string | null
}

/** Reads the markets that ccxt has loaded. A market it describes without the needed fields is left out. */
export const marketsOf = (connector: Connector, exchange: CcxtExchange): Markets => {
  const byPair = new Map<string, MarketReply>()
  for (const value of Object.values(exchange.markets ?? {})) {
    const parsed = marketReply.safeParse(value)
    if (!parsed.success || !isTradable(parsed.data)) continue
    const tradingPair = tradingPairOf(connector, parsed.data.symbol)
    const { type } = parsed.data
    if (tradingPair === null || (connector.market === 'spot') !== (type === 'spot')) continue
    byPair.set(tradingPair, parsed.data)
  }
  let rules: readonly VenueRule[] | undefined
  return {
    get rules() {
      rules ??= [...byPair].map(([tradingPair, market]) => ruleOf(market, tradingPair))
      return rules
    },
    market(tradingPair) {
      const market = byPair.get(tradingPair)
      if (market === undefined) {
        throw new UnknownPair(
          `${connector.name} has no market ${tradingPair} (${ccxtSymbolOf(connector, tradingPair)})`,
        )
      }
      return market
    },
    has: (tradingPair) => byPair.has(tradingPair),
    tradingPair: (symbol) => tradingPairOf(connector, symbol),
  }
}
