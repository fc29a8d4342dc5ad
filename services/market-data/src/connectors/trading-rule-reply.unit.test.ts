import type { VenueRule } from '@colibri/exchange'
import t from 'tap'
import { askedPairs, tradingRulesReplyBody } from './trading-rule-reply.ts'

const rule = (tradingPair: string, changes: Partial<VenueRule> = {}): VenueRule => ({
  tradingPair,
  minOrderSize: '0.00001',
  maxOrderSize: null,
  minPriceIncrement: '0.01',
  minBaseAmountIncrement: '0.00001',
  minNotionalSize: '5',
  supportsLimitOrders: true,
  supportsMarketOrders: true,
  buyOrderCollateralToken: 'USDT',
  sellOrderCollateralToken: 'USDT',
  ...changes,
})

t.test('limits a venue does not set are the huge and tiny numbers of the contract', async (t) => {
  const text = JSON.stringify(tradingRulesReplyBody([rule('BTC-USDT')], null))
  t.equal(
    text,
    '{"BTC-USDT":{"min_order_size":0.00001,"max_order_size":1e+56,"min_price_increment":0.01,' +
      '"min_base_amount_increment":0.00001,"min_quote_amount_increment":1e-56,"min_notional_size":5,"min_order_value":0,' +
      '"max_price_significant_digits":1e+56,"supports_limit_orders":true,"supports_market_orders":true,' +
      '"buy_order_collateral_token":"USDT","sell_order_collateral_token":"USDT"}}',
  )
})

t.test('limits a venue sets are its own numbers; a step of zero is no step', async (t) => {
  const body = tradingRulesReplyBody([rule('A-B', { maxOrderSize: '9000', minPriceIncrement: '0' })], null)
  t.match(body['A-B'], { max_order_size: 9000, min_price_increment: 1e-56 })
})

t.test('asked pairs come in the asked order, and say when they do not exist', async (t) => {
  const body = tradingRulesReplyBody([rule('A-B'), rule('C-D')], ['C-D', 'NO-PE', 'A-B'])
  t.same(Object.keys(body), ['C-D', 'NO-PE', 'A-B'])
  t.same(body['NO-PE'], { error: 'Trading pair NO-PE not found' })
})

t.test('pairs are asked by repeated keys, commas or both', async (t) => {
  t.same(askedPairs(['A-B', 'C-D,E-F', ' A-B ']), ['A-B', 'C-D', 'E-F'])
  t.equal(askedPairs(null), null)
  t.equal(askedPairs(['', ',']), null)
})
