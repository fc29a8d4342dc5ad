import type { Ticker } from '@colibri/exchange'
import fc from 'fast-check'
import t from 'tap'
import { exchangeSource, midPrice } from './exchange-source.ts'

const ticker = (tradingPair: string, bid: string | null, ask: string | null): Ticker => ({
  tradingPair,
  bid,
  ask,
  last: '1',
  time: 0,
})
const venue = (connectorName: string, tickers: readonly Ticker[]) => ({
  connectorName,
  tickers: async () => tickers,
})
const pricesOf = async (connectorName: string, quoteToken: string, tickers: readonly Ticker[]) => {
  const prices = await exchangeSource(venue(connectorName, tickers), 1).prices(quoteToken)
  return Object.fromEntries([...prices].map(([pair, price]) => [pair, price.toFixed()]))
}

t.test('the middle of every ordinary ticker', async (t) => {
  t.same(
    await pricesOf('binance', 'USDT', [
      ticker('BTC-USDT', '49999.99', '50000.02'),
      ticker('EQUAL-USDT', '3', '3'),
      ticker('CROSSED-USDT', '3', '2.99'),
      ticker('NOBID-USDT', '0', '3'),
      ticker('ONESIDED-USDT', null, '3'),
      ticker('OTHER-USDT', '3', null),
      ticker('ETH-BTC', '0.049999999999999999', '0.05'),
    ]),
    { 'BTC-USDT': '50000.005', 'EQUAL-USDT': '3', 'ETH-BTC': '0.0499999999999999995' },
  )
})

t.test('an exchange whose list has one price only is taken at that', async (t) => {
  const tickers = [ticker('SOL-USDC', null, null), ticker('HALF-USDC', '2', null), ticker('BTC-USDC', '3', '5')]
  const zero = { ...ticker('NEW-USDC', null, null), last: '0' }
  const none = { ...ticker('OLD-USDC', null, null), last: null }
  for (const exchange of ['backpack', 'coinbase_advanced_trade', 'hyperliquid', 'pacifica_perpetual']) {
    t.same(await pricesOf(exchange, 'USDC', [...tickers, zero, none]), { 'SOL-USDC': '1', 'BTC-USDC': '4' }, exchange)
  }
  t.same(await pricesOf('mexc', 'USDC', tickers), { 'BTC-USDC': '4' })
})

t.test('hyperliquid counts only in the token of the user', async (t) => {
  const tickers = [ticker('HYPE-USDC', '9', '11'), ticker('HYPE-USDT', '19', '21'), ticker('USDC-HYPE', '1', '1')]
  t.same(await pricesOf('hyperliquid', 'USDC', tickers), { 'HYPE-USDC': '10' })
  t.same(await pricesOf('hyperliquid_perpetual', 'USDT', tickers), { 'HYPE-USDT': '20' })
  t.same(await pricesOf('hyperliquid', 'USD', tickers), {})
  t.equal(Object.keys(await pricesOf('kucoin', 'USD', tickers)).length, 3, 'the others in all of them')
})

t.test('a middle lies between bid and ask, and is not rounded', async () => {
  const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n })
  const text = (units: bigint) => `${units < 0n ? '-' : ''}${units < 0n ? -units : units}e-10`
  fc.assert(
    fc.property(amount, amount, (bid, ask) => {
      const mid = midPrice({ bid: text(bid), ask: text(ask) })
      if (bid <= 0n || bid > ask) return mid === undefined
      if (mid === undefined) return false
      return mid.times(2).minus(text(bid)).eq(text(ask)) && mid.gte(text(bid)) && mid.lte(text(ask))
    }),
  )
})
