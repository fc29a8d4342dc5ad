import t from 'tap'
import type { Candle, PublicTrade, StreamItem } from '../venue.ts'
import { UnknownPair } from '../venue.ts'
import { backoff } from './backoff.ts'
import { streamFailure } from './interruptions.ts'
import { poll } from './poll.ts'
import { polled } from './polled.ts'

const trade = (tradeId: string): PublicTrade => ({ tradeId, price: '1', amount: '1', side: 'buy', time: 1 })
const candle = (time: number, close: number): Candle => ({
  time,
  open: 1,
  high: 1,
  low: 1,
  close,
  volume: 0,
  quoteVolume: 0,
  trades: 0,
  takerBuyBaseVolume: 0,
  takerBuyQuoteVolume: 0,
})

/** Answers of a venue in turn; asking for anything else is a defect. */
const answering = (answers: { trades?: PublicTrade[][]; candles?: Candle[][] }) => {
  const unasked = async (): Promise<never> => {
    throw new Error('not asked for')
  }
  return () => ({
    connectorName: 'polled',
    orderTypes: [],
    tradingRules: unasked,
    prices: unasked,
    tickers: unasked,
    ticker: unasked,
    fundingInfo: unasked,
    orderBook: unasked,
    pause: () => null,
    candles: async () => answers.candles?.shift() ?? [],
    trades: async () => answers.trades?.shift() ?? [],
    close: async () => undefined,
  })
}

t.test('polled trades come once, and none from before the beginning', async (t) => {
  const ask = polled(answering({ trades: [['1', '2'].map(trade), ['1', '2'].map(trade), ['2', '3', '4'].map(trade)] }))
  const next = ask.trades('BTC-USDT')
  t.equal(await next(), undefined)
  t.equal(await next(), undefined)
  t.same(
    (await next())?.map(({ tradeId }) => tradeId),
    ['3', '4'],
  )
})

t.test('of polled candles those come that changed', async (t) => {
  const first = [candle(60_000, 1), candle(120_000, 1)]
  const second = [candle(60_000, 1), candle(120_000, 2), candle(180_000, 1)]
  const next = polled(answering({ candles: [first, first, second] })).candles('BTC-USDT', '1m')
  t.same(await next(), first)
  t.equal(await next(), undefined)
  t.same(await next(), second.slice(1))
})

t.test('a failing question is an interruption, a refused one the end', async (t) => {
  const stop = new AbortController()
  const items: StreamItem<number>[] = []
  const answers: (() => number)[] = [
    () => 1,
    () => {
      throw new Error('down')
    },
    () => 2,
    () => {
      throw new UnknownPair('gone')
    },
  ]
  const running = poll<number>({
    ask: async () => answers.shift()?.(),
    everyMs: 1,
    failureOf: (error) => streamFailure('polled', 'polled', error),
    backoff: backoff(),
    put: (item) => items.push(item),
    signal: stop.signal,
  })
  await t.rejects(running, { name: 'UnknownPair' })
  t.match(items, [
    { kind: 'data', value: 1 },
    { kind: 'interrupted', reason: 'disconnected', error: { message: 'down' } },
    { kind: 'data', value: 2 },
  ])
})
