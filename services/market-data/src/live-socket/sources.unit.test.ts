import { UnknownPair } from '@colibri/exchange'
import t from 'tap'
import { plainCandle } from '../candles/testing/made-candles.ts'
import { handFedCandles, handFedFeeds } from '../testing/hand-fed-feeds.ts'
import type { Subscription } from './command.ts'
import type { Cursor } from './source.ts'
import { createSources } from './sources.ts'

const pair = { connectorName: 'simulator', tradingPair: 'BTC-USDT' }
const level = (price: string, amount = '1') => ({ price, amount })
const book = (updateId: number) => ({ updateId, bids: [level('99'), level('98')], asks: [level(`10${updateId}`)] })
const trade = (id: number) => ({
  tradeId: `${id}`,
  price: `${id}`,
  amount: '2',
  side: 'buy' as const,
  time: id * 1_000,
})
const shown = (id: number) => ({ timestamp: id, price: id, amount: 2, side: 'buy' })
const world = (kept?: number) => {
  const { feeds, feed } = handFedFeeds(kept)
  const { candles, push } = handFedCandles()
  const sources = createSources({
    feeds,
    candles,
    checkPair: async () => undefined,
    limits: { readyMs: 50, catchUpMs: 50 },
  })
  const open = (subscription: object, resumeFrom?: number) =>
    sources.open({ ...pair, id: 'one', updateMs: 250, resumeFrom, ...subscription } as Subscription)
  return { feed, pushCandles: push, open }
}

const taken = (cursor: Cursor) => {
  const next = cursor.take()
  return next && { ...next.push, data: JSON.parse(next.push.data), hole: next.hole }
}

t.test('a book: the newest state, as deep as wished, once', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'book', ...pair })
  live.push(5, book(1))
  const [deep, flat] = await Promise.all([
    open({ type: 'order_book', depth: 10 }),
    open({ type: 'order_book', depth: 1 }),
  ])
  t.equal(live.holders, 1, 'both share one feed')
  const first = { type: 'order_book', sequence: 5, dropped: 0, hole: false }
  t.same(taken(deep.cursor), {
    ...first,
    data: {
      bids: [
        [99, 1],
        [98, 1],
      ],
      asks: [[101, 1]],
    },
  })
  t.same(taken(flat.cursor), { ...first, data: { bids: [[99, 1]], asks: [[101, 1]] } })
  t.equal(taken(deep.cursor), undefined, 'nothing has changed')
  live.push(6, book(2))
  live.push(8, book(3))
  t.match(taken(deep.cursor), { sequence: 8, data: { asks: [[103, 1]] } }, 'only the newest')
  deep.release()
  t.equal(live.holders, 1)
  flat.release()
  flat.release()
  t.equal(live.holders, 0, 'the last one lets go of the feed')
})

t.test('a book that may be wrong is not shown', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'book', ...pair })
  live.push(1, book(1))
  live.interrupt()
  const { cursor } = await open({ type: 'order_book', depth: 1 })
  t.equal(taken(cursor), undefined)
  live.push(2, book(2))
  t.match(taken(cursor), { sequence: 2 })
})

t.test('a book resumed', async (t) => {
  const { feed, open } = world(3)
  const live = feed({ kind: 'book', ...pair })
  for (const sequence of [1, 2, 3, 4]) live.push(sequence, book(sequence))
  const resume = async (sequence: number) => (await open({ type: 'order_book', depth: 1 }, sequence)).cursor
  const behind = await resume(2)
  t.equal(behind.resumed, true)
  t.match(taken(behind), { sequence: 4 }, 'what it missed is in the newest')
  const current = await resume(4)
  t.equal(current.resumed, true)
  t.equal(taken(current), undefined, 'it has everything')
  for (const gone of [1, 99]) {
    const late = await resume(gone)
    t.equal(late.resumed, false)
    t.match(taken(late), { sequence: 4 }, 'a fresh snapshot')
  }
})

t.test('trades: every one, in batches', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'trades', ...pair })
  const one = await open({ type: 'trades' })
  t.equal(taken(one.cursor), undefined, 'nothing when empty')
  live.push(1, [trade(1), trade(2)])
  live.push(2, [trade(3)])
  const other = await open({ type: 'trades' })
  live.push(3, [trade(4)])
  const batch = { type: 'trades', dropped: 0, hole: false, sequence: 3 }
  t.same(taken(one.cursor), { ...batch, data: [1, 2, 3, 4].map(shown) })
  t.same(taken(other.cursor), { ...batch, data: [shown(4)] }, 'from its own beginning')
  t.equal(taken(one.cursor), undefined)
})

t.test('trades resumed', async (t) => {
  const { feed, open } = world(3)
  const live = feed({ kind: 'trades', ...pair })
  for (const id of [1, 2, 3, 4]) live.push(id, [trade(id)])
  const resumed = await open({ type: 'trades' }, 2)
  live.push(5, [trade(5)])
  t.equal(resumed.cursor.resumed, true)
  t.match(taken(resumed.cursor), { sequence: 5, data: [3, 4, 5].map(shown) }, 'what was missed, then what is new, once')
  t.equal(taken(resumed.cursor), undefined)
  const late = await open({ type: 'trades' }, 1)
  t.equal(late.cursor.resumed, false)
  t.match(taken(late.cursor), { sequence: 5, data: [] }, 'it is told even without a trade')
  t.equal(taken(late.cursor), undefined)
  const ahead = await open({ type: 'trades' }, 7)
  t.equal(ahead.cursor.resumed, false)
  t.match(taken(ahead.cursor), { sequence: 7, data: [] }, 'what it has is not taken back')
})

t.test('who knows more than this replica waits until it has heard it, and hears nothing twice', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'trades', ...pair })
  live.push(1, [trade(1)])
  const opening = open({ type: 'trades' }, 3)
  for (const id of [2, 3, 4]) live.push(id, [trade(id)])
  const { cursor } = await opening
  t.equal(cursor.resumed, true)
  t.match(taken(cursor), { sequence: 4, data: [shown(4)] })

  const books = feed({ kind: 'book', ...pair })
  books.push(1, book(1))
  const deep = open({ type: 'order_book', depth: 1 }, 2)
  books.push(2, book(2))
  const { cursor: current } = await deep
  t.equal(current.resumed, true)
  t.equal(taken(current), undefined, 'not the older one, and not the same again')
})

t.test('a hole in the feed is told to those who had what was before it, and to nobody else', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'trades', ...pair })
  const before = await open({ type: 'trades' })
  live.push(1, [trade(1)])
  live.forget()
  live.push(9, [trade(9)])
  const after = await open({ type: 'trades' })
  live.push(10, [trade(10)])
  t.match(taken(before.cursor), { hole: true, data: [1, 9, 10].map(shown) })
  t.match(taken(after.cursor), { hole: false, data: [shown(10)] })
  live.push(11, [trade(11)])
  t.match(taken(before.cursor), { hole: false, data: [shown(11)] }, 'once')
})

t.test('candles: all rows when one opens, the live one in between', async (t) => {
  const { pushCandles, open } = world()
  pushCandles(1_000, plainCandle(60_000, 1), plainCandle(120_000, 2), plainCandle(180_000, 3))
  const { cursor } = await open({ type: 'candles', interval: '1m', rows: 2 })
  const closes = () => {
    const push = taken(cursor)
    const rows = Array.isArray(push?.data) ? push.data : [push?.data]
    return [push?.type, ...rows.map((row: { timestamp: number; close: number }) => [row.timestamp, row.close])]
  }
  t.same(closes(), ['candles', [120, 2], [180, 3]])
  t.same(closes(), ['candle_update', [180, 3]], 'even when unchanged')
  pushCandles(2_000, plainCandle(180_000, 4))
  t.same(closes(), ['candle_update', [180, 4]])
  pushCandles(3_000, plainCandle(240_000, 5))
  t.same(closes(), ['candles', [180, 4], [240, 5]])
})

t.test('candles resumed: what may have changed since', async (t) => {
  const { pushCandles, open } = world()
  pushCandles(
    200_000,
    plainCandle(60_000, 1),
    plainCandle(120_000, 2),
    plainCandle(180_000, 3),
    plainCandle(240_000, 4),
  )
  const resume = async (sequence: number) => (await open({ type: 'candles', interval: '1m', rows: 3 }, sequence)).cursor
  const times = (cursor: Cursor) => taken(cursor)?.data.map((row: { timestamp: number }) => row.timestamp)
  const behind = await resume(190_000)
  t.equal(behind.resumed, true)
  t.same(times(behind), [180, 240], 'the candle that was live then, and all since')
  t.match(taken(behind), { type: 'candle_update' })
  const late = await resume(100_000)
  t.equal(late.resumed, false)
  t.same(times(late), [120, 180, 240], 'all there is')
})

t.test('a feed that cannot be had', async (t) => {
  const { feed, open } = world()
  const live = feed({ kind: 'book', ...pair })
  const waiting = open({ type: 'order_book', depth: 1 })
  live.fail(new UnknownPair('no such pair'))
  await t.rejects(waiting, { name: 'UnknownPair' })
  t.equal(live.holders, 0, 'is let go')
  await t.rejects(open({ type: 'ticker' }), { name: 'FeedNotReady' })
  const quiet = await open({ type: 'trades' })
  t.equal(await quiet.ended, undefined, 'a pair that does not trade is no failure')
  const gone = await open({ type: 'trades', tradingPair: 'X-Y', id: 'two' })
  feed({ kind: 'trades', ...pair, tradingPair: 'X-Y' }).fail(new UnknownPair('no such pair'))
  t.match(await gone.ended, { name: 'UnknownPair' }, 'but one that does not exist is')
})
