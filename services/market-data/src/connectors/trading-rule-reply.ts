import type { VenueRule } from '@colibri/exchange'

/** Limits a venue does not set: the contract shows these numbers, not null. */
const NO_MAXIMUM = 1e56
const NO_MINIMUM_STEP = 1e-56

/** One trading rule as REST shows it: every limit a number. */
export const tradingRuleReply = (rule: VenueRule) => ({
  min_order_size: Number(rule.minOrderSize),
  max_order_size: rule.maxOrderSize === null ? NO_MAXIMUM : Number(rule.maxOrderSize),
  min_price_increment: step(rule.minPriceIncrement),
  min_base_amount_increment: step(rule.minBaseAmountIncrement),
  min_quote_amount_increment: NO_MINIMUM_STEP,
  min_notional_size: Number(rule.minNotionalSize),
  min_order_value: 0,
  max_price_significant_digits: NO_MAXIMUM,
  supports_limit_orders: rule.supportsLimitOrders,
  supports_market_orders: rule.supportsMarketOrders,
  buy_order_collateral_token: rule.buyOrderCollateralToken,
  sell_order_collateral_token: rule.sellOrderCollateralToken,
})
export type TradingRuleReply = ReturnType<typeof tradingRuleReply>

/** A venue without a step leaves it at zero; a step of zero would make clients divide by it. */
const step = (text: string): number => Number(text) || NO_MINIMUM_STEP

/** All rules, or the asked pairs in the asked order; a pair that does not exist says so in its place. */
export const tradingRulesReplyBody = (
  rules: readonly VenueRule[],
  tradingPairs: readonly string[] | null,
): Record<string, TradingRuleReply | { readonly error: string }> => {
  const byPair = new Map(rules.map((rule) => [rule.tradingPair, rule]))
  return Object.fromEntries(
    (tradingPairs ?? [...byPair.keys()]).map((pair) => {
      const rule = byPair.get(pair)
      return [pair, rule === undefined ? { error: `Trading pair ${pair} not found` } : tradingRuleReply(rule)]
    }),
  )
}

/** `?trading_pairs=A&trading_pairs=B,C` → A, B, C; nothing asked → null, all of them. */
export const askedPairs = (tradingPairs: readonly string[] | null): readonly string[] | null => {
  const pairs = (tradingPairs ?? []).flatMap((text) => text.split(',')).map((pair) => pair.trim())
  const asked = [...new Set(pairs.filter((pair) => pair !== ''))]
  return asked.length === 0 ? null : asked
}
