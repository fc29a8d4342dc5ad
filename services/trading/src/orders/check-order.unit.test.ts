import type { TradingRule } from '@colibri/contracts'
import t from 'tap'
import { type ConnectorRules, checkOrder, type OrderRequest, quantise } from './check-order.ts'

const rule = (tradingPair: string): TradingRule => ({
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
})
const connector = (...pairs: string[]): ConnectorRules => ({
  rules: new Map(pairs.map((pair) => [pair, rule(pair)])),
  orderTypes: ['LIMIT', 'LIMIT_MAKER'],
})
const request: OrderRequest = {
  accountName: 'master_account',
  connectorName: 'binance',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '0.01',
  price: '49000',
  positionAction: 'OPEN',
}
const pairs = connector('BTC-USDT', 'ETH-USDT')

t.test('amount and price go down to their increments', (t) => {
  t.same(checkOrder({ ...request, amount: '0.0199999', price: '49000.019' }, pairs, null), {
    kind: 'valid',
    amount: '0.01999',
    price: '49000.01',
  })
  t.equal(quantise('1E-7', '0.00001'), '0.00000')
  t.equal(quantise('7', '5'), '5')
  t.equal(quantise('1234567890.123456789012345678', '0.000000000000000001'), '1234567890.123456789012345678')
  t.end()
})

t.test('refusals are the contract’s, in its order', (t) => {
  const cases: [OrderRequest, ConnectorRules, string | null, string][] = [
    [{ ...request, price: null }, pairs, null, 'Price is required for LIMIT and LIMIT_MAKER orders'],
    [
      { ...request, tradingPair: 'NO-PE' },
      pairs,
      null,
      "Trading pair 'NO-PE' not supported on binance. Available pairs: ['BTC-USDT', 'ETH-USDT']",
    ],
    [
      { ...request, tradingPair: 'NO-PE' },
      connector(...'ABCDEFGHIJKL'.split('').map((letter) => `${letter}-X`)),
      null,
      "Trading pair 'NO-PE' not supported on binance. Available pairs: ['A-X', 'B-X', 'C-X', 'D-X', 'E-X', 'F-X', 'G-X', 'H-X', 'I-X', 'J-X'] (and 2 more)",
    ],
    [
      { ...request, orderType: 'MARKET', price: null },
      pairs,
      null,
      "Order type 'MARKET' not supported. Supported types: ['LIMIT', 'LIMIT_MAKER']",
    ],
    [
      { ...request, amount: '1E-7' },
      pairs,
      null,
      'Order amount 0.00000 is below minimum order size 0.00001 for BTC-USDT',
    ],
    [
      { ...request, amount: '0.0001' },
      pairs,
      null,
      'Order notional value 4.9000000 is below minimum notional size 5 for BTC-USDT. Increase the amount or price to meet the minimum requirement.',
    ],
  ]
  for (const [asked, rules, price, detail] of cases) {
    t.same(checkOrder(asked, rules, price), { kind: 'refused', detail })
  }
  t.end()
})

t.test('a market order is valued by the market price, and by the venue alone when there is none', (t) => {
  const market: ConnectorRules = { ...pairs, orderTypes: ['MARKET'] }
  const small: OrderRequest = { ...request, orderType: 'MARKET', price: null, amount: '0.00001' }
  t.match(checkOrder(small, market, '50000'), { kind: 'refused', detail: /^Order notional value 0\.50000 is below/ })
  t.same(checkOrder(small, market, null), { kind: 'valid', amount: '0.00001', price: null })
  t.end()
})
