import t from 'tap'
import { LastKnownPrices } from './last-known-prices.ts'
import { marketPrices } from './market-prices.ts'

t.test('a venue that stops answering is valued at its last prices, then comes back', async (t) => {
  const failed: string[] = []
  let answer: () => Promise<ReadonlyMap<string, string | null>> = async () =>
    new Map([
      ['BTC-USDT', '50000'],
      ['NO-PE', null],
    ])
  const prices = marketPrices(
    () => answer(),
    new LastKnownPrices(10),
    (connectorName) => failed.push(connectorName),
  )
  t.same(await prices('binance', ['BTC-USDT', 'NO-PE']), new Map([['BTC-USDT', '50000']]))
  answer = async () => {
    throw new Error('timeout')
  }
  t.same(await prices('binance', ['BTC-USDT', 'ETH-USDT']), new Map([['BTC-USDT', '50000']]))
  t.same(await prices('kraken', ['BTC-USDT']), new Map(), 'another venue’s price is not borrowed')
  t.same(failed, ['binance', 'kraken'])
  answer = async () => new Map([['BTC-USDT', '51000']])
  t.same(await prices('binance', ['BTC-USDT']), new Map([['BTC-USDT', '51000']]))
})

t.test('nothing to price asks nobody', async (t) => {
  const prices = marketPrices(
    async () => {
      t.fail('asked')
      return new Map()
    },
    new LastKnownPrices(10),
    () => t.fail('failed'),
  )
  t.same(await prices('binance', []), new Map())
})

t.test('the oldest markets are forgotten first', async (t) => {
  const last = new LastKnownPrices(2)
  last.remember('a', new Map([['X-Y', '1']]))
  last.remember('a', new Map([['Z-Y', '2']]))
  last.remember('a', new Map([['X-Y', '3']]))
  last.remember('b', new Map([['X-Y', '4']]))
  t.equal(last.get('a', 'X-Y'), '3')
  t.equal(last.get('a', 'Z-Y'), undefined)
  t.equal(last.get('b', 'X-Y'), '4')
})
