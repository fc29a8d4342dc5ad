import t from 'tap'
import { type AskRates, oraclePrices } from './oracle-prices.ts'

const start = (source: string, rates: Readonly<Record<string, string>>) => {
  const asked: string[] = []
  const failed: unknown[] = []
  let ask: AskRates = async (pairs) => {
    asked.push(`oracle ${pairs.join(' ')}`)
    return { source, rates: new Map(pairs.map((pair) => [pair, rates[pair] ?? null])) }
  }
  const prices = oraclePrices(
    (pairs) => ask(pairs),
    async (connectorName, pairs) => {
      asked.push(`${connectorName} ${pairs.join(' ')}`)
      return new Map(pairs.filter((pair) => !pair.startsWith('NO-')).map((pair) => [pair, '7']))
    },
    (error) => failed.push(error),
  )
  return { asked, failed, prices, fail: (error: Error) => (ask = () => Promise.reject(error)) }
}

t.test('the oracle first, in USDT; the connector’s own market for the rest', async (t) => {
  const { asked, prices } = start('gate_io', { 'BTC-USDT': '50000.5', 'HYPE-USDT': '25' })
  t.same(
    await prices('hyperliquid', ['BTC-USDC', 'HYPE-USDC', 'PURR-USDC', 'NO-USDC']),
    new Map([
      ['BTC-USDC', '50000.5'],
      ['HYPE-USDC', '25'],
      ['PURR-USDC', '7'],
    ]),
  )
  t.same(asked, ['oracle BTC-USDT HYPE-USDT PURR-USDT NO-USDT', 'hyperliquid PURR-USDC NO-USDC'])
})

t.test('play money and money keep to themselves', async (t) => {
  const simulated = start('simulator', { 'BTC-USDT': '1' })
  t.same(await simulated.prices('simulator', ['BTC-USDT']), new Map([['BTC-USDT', '1']]))
  t.same(await simulated.prices('simulator_perpetual', ['BTC-USDT']), new Map([['BTC-USDT', '1']]))
  t.same(await simulated.prices('binance', ['BTC-USDT']), new Map([['BTC-USDT', '7']]), 'no play price for money')
  const real = start('binance', { 'BTC-USDT': '1' })
  t.same(await real.prices('simulator', ['BTC-USDT']), new Map([['BTC-USDT', '7']]), 'no real price for play money')
})

t.test('an oracle that is away costs nothing but itself', async (t) => {
  const { failed, prices, fail } = start('gate_io', {})
  fail(new Error('away'))
  t.same(await prices('binance', ['BTC-USDT']), new Map([['BTC-USDT', '7']]))
  t.match(failed, [{ message: 'away' }])
})

t.test('nothing to price asks nobody', async (t) => {
  const { asked, prices } = start('gate_io', {})
  t.same(await prices('binance', []), new Map())
  t.same(asked, [])
})
