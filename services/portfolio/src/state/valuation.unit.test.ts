import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { quoteCurrency } from './quote-currency.ts'
import { pricedPairs, priceSource, shownBalances, tokenEntry, valuedToken } from './valuation.ts'

const balance = (token: string, total: string, available = total) => ({ token, total, available })
const entryOf = (...given: Parameters<typeof valuedToken>) => tokenEntry(valuedToken(...given))

t.test('every symbol with USD in it is one dollar', async (t) => {
  for (const token of ['USDT', 'USDC', 'FDUSD', 'USD', 'RLUSD', 'LDUSDT', 'USDTB'])
    t.same(priceSource(token, 'binance'), { kind: 'one' }, token)
})

t.test('another token is worth its market on that connector', async (t) => {
  const pairOn = (connectorName: string, token = 'BTC') => {
    const source = priceSource(token, connectorName)
    return source.kind === 'market' ? source.tradingPair : source.kind
  }
  t.equal(pairOn('binance'), 'BTC-USDT')
  t.equal(pairOn('simulator_perpetual'), 'BTC-USDT')
  t.equal(pairOn('hyperliquid'), 'BTC-USDC')
  t.equal(pairOn('hyperliquid_perpetual'), 'BTC-USD')
  t.equal(pairOn('hyperliquid_perpetual_testnet'), 'BTC-USD')
  t.equal(pairOn('architect_perpetual_sandbox'), 'BTC-USD')
  t.equal(pairOn('kraken'), 'BTC-USD')
  t.equal(pairOn('xrpl', 'XRP'), 'XRP-RLUSD')
  t.equal(quoteCurrency('toString'), 'USDT')
})

t.test('earn tokens are priced as what they earn on, LDO is itself', async (t) => {
  t.same(priceSource('LDBTC', 'binance'), { kind: 'market', tradingPair: 'BTC-USDT' })
  t.same(priceSource('LDO', 'binance'), { kind: 'market', tradingPair: 'LDO-USDT' })
  t.same(pricedPairs([balance('BTC', '1'), balance('LDBTC', '1'), balance('USDT', '1')], 'binance'), ['BTC-USDT'])
})

t.test('zero balances and banned tokens are not shown', async (t) => {
  const balances = [balance('BTC', '0.00000000'), balance('NAV', '5'), balance('ETH', '0E-8'), balance('BNB', '-0.1')]
  t.same(shownBalances(balances, new Set(['NAV'])), [balance('BNB', '-0.1')])
})

t.test('value is price times units, exactly', async (t) => {
  const prices = new Map([['BTC-USDT', '50000']])
  t.same(entryOf(balance('BTC', '2.01595401', '2'), 'binance', prices), {
    token: 'BTC',
    units: 2.01595401,
    price: 50000,
    value: 100797.7005,
    available_units: 2,
  })
  t.same(entryOf(balance('USDT', '99208.485045', '98968.485045'), 'binance', prices), {
    token: 'USDT',
    units: 99208.485045,
    price: 1,
    value: 99208.485045,
    available_units: 98968.485045,
  })
  t.match(entryOf(balance('XYZ', '3'), 'binance', prices), { price: 0, value: 0, units: 3 })
})

t.test('the value is the nearest number to the exact product', async () => {
  const digits = fc.bigInt({ min: 1n, max: 10n ** 17n })
  fc.assert(
    fc.property(digits, digits, (units, price) => {
      const scaled = (value: bigint) => `${value / 10n ** 8n}.${String(value % 10n ** 8n).padStart(8, '0')}`
      const entry = entryOf(balance('BTC', scaled(units)), 'binance', new Map([['BTC-USDT', scaled(price)]]))
      const product = units * price
      const expected = Number(`${product / 10n ** 16n}.${String(product % 10n ** 16n).padStart(16, '0')}`)
      assert.equal(entry.value, expected)
    }),
    { numRuns: 200 },
  )
})
