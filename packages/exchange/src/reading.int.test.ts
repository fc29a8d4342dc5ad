import t from 'tap'
import { openVenues } from './open-venues.ts'
import { type ScriptedVenue, startScriptedVenue } from './scripted-venue.ts'

/** Of an answer that comes; on a machine that does much else. */
const PATIENCE_MS = 5_000

const open = async (t: { teardown(fn: () => Promise<void>): void }, timeoutMs = PATIENCE_MS) => {
  const venue: ScriptedVenue = await startScriptedVenue()
  const venues = openVenues({ urls: { simulator: { rest: venue.url } }, timeoutMs })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  const account = venues.accountVenue('simulator', { simulator_api_key: 'key', simulator_api_secret: 'secret' })
  return { venue, account, publicVenue: venues.publicVenue('simulator') }
}

const precise = '0.123456789012345678'

t.test('every digit of the venue survives', async (t) => {
  const { venue, account, publicVenue } = await open(t)
  venue.pages.set(
    '/api/v3/account',
    `{"balances":[{"asset":"BTC","free":"${precise}","locked":"1.000000000000000001"},{"asset":"ETH","free":"0.00","locked":"0.00"}]}`,
  )
  t.same(await account.balances(), [{ token: 'BTC', total: '1.123456789012345679', available: precise }])
  const trade = {
    id: 9,
    orderId: 7,
    symbol: 'BTCUSDT',
    price: `50000${precise.slice(1)}`,
    qty: precise,
    commission: precise,
    commissionAsset: 'BNB',
    time: 5,
    isBuyer: false,
    isMaker: true,
  }
  venue.pages.set('/api/v3/myTrades', JSON.stringify([trade]))
  t.same(await account.fills('BTC-USDT', 0), [
    {
      tradeId: '9',
      venueOrderId: '7',
      clientOrderId: null,
      tradingPair: 'BTC-USDT',
      tradeType: 'SELL',
      price: '50000.123456789012345678',
      amount: precise,
      feeAmount: precise,
      feeCurrency: 'BNB',
      liquidity: 'maker',
      time: 5,
    },
  ])
  venue.pages.set(
    '/api/v3/depth',
    `{"lastUpdateId":1,"bids":[["9.5","1"],["10.5","${precise}"]],"asks":[["11.000000000000000001","2"]]}`,
  )
  t.match(await publicVenue.orderBook('BTC-USDT', 1), {
    bids: [{ price: '10.5', amount: precise }],
    asks: [{ price: '11.000000000000000001', amount: '2' }],
  })
  const [rule] = await publicVenue.tradingRules()
  t.match(rule, {
    tradingPair: 'BTC-USDT',
    minOrderSize: '0.00001',
    maxOrderSize: '9000',
    minPriceIncrement: '0.01',
    minBaseAmountIncrement: '0.00001',
    minNotionalSize: '5',
  })
})

t.test('candles keep the columns that ccxt leaves out', async (t) => {
  const { venue, publicVenue } = await open(t)
  venue.pages.set('/api/v3/klines', '[[60000,"1","4","0.5","2","10",119999,"25.5",7,"3.5","8.25","0"]]')
  t.same(await publicVenue.candles('BTC-USDT', '1m', 1), [
    {
      time: 60000,
      open: 1,
      high: 4,
      low: 0.5,
      close: 2,
      volume: 10,
      quoteVolume: 25.5,
      trades: 7,
      takerBuyBaseVolume: 3.5,
      takerBuyQuoteVolume: 8.25,
    },
  ])
})

t.test('only the venue’s own word makes an order absent', async (t) => {
  const { venue, account } = await open(t, 1_500)
  const reply = (status: number, body: string) => {
    venue.answer = { kind: 'reply', status, body }
  }
  venue.answer = { kind: 'silence' }
  t.match(await account.findOrder('id', 'BTC-USDT'), { kind: 'unavailable' })
  t.match(await account.cancelOrder('id', 'BTC-USDT'), { kind: 'unknown' })
  reply(404, '<html>')
  t.match(await account.findOrder('id', 'BTC-USDT'), { kind: 'unavailable' })
  reply(503, '{"code":-2013,"msg":"Order does not exist."}')
  t.match(await account.findOrder('id', 'BTC-USDT'), { kind: 'unavailable' })
  t.match(await account.cancelOrder('id', 'BTC-USDT'), { kind: 'unknown' })
  reply(400, '{"code":-2013,"msg":"Order does not exist."}')
  t.same(await account.findOrder('id', 'BTC-USDT'), { kind: 'absent' })
  reply(400, '{"code":-2011,"msg":"Unknown order sent."}')
  t.match(await account.cancelOrder('id', 'BTC-USDT'), { kind: 'not-found', reason: /Unknown order/ })
  reply(429, '{"code":-1003,"msg":"Too many requests."}')
  t.match(await account.findOrder('id', 'BTC-USDT'), { kind: 'unavailable' })
  reply(400, '{"code":-2013,"msg":"Order does not exist."}')
  t.match(await account.findOrder('id', 'BTC-USDT'), { kind: 'unavailable' }, 'nothing is asked during a pause')
})
