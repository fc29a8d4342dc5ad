import { setImmediate as turn } from 'node:timers/promises'
import {
  binanceReplay,
  type CapturedTrade,
  gateReplay,
  krakenReplay,
  kucoinReplay,
  NO_CAPTURES,
  okxReplay,
  type ReplayVenue,
  startReplay,
} from '@colibri/testkit'
import t, { type Test } from 'tap'
import { exact } from '../decimals.ts'
import { openVenues } from '../open-venues.ts'
import { isState, readBook, type ServedBook, stateOf } from '../testing/served-book.ts'
import type { LiveVenue, PublicTrade } from '../venue.ts'

const deadlineMs = 20_000
const unbounded = Number.POSITIVE_INFINITY

t.setTimeout(180_000)

const until = async (what: () => string, done: () => boolean): Promise<void> => {
  const end = Date.now() + deadlineMs
  while (!done()) {
    if (Date.now() > end) throw new Error(`${what()} within ${deadlineMs} ms`)
    await turn()
  }
}

interface Replayed {
  /** A cut-off snapshot leaves a book of this many levels at least; `unbounded` where snapshots are whole. */
  readonly fewest: number
  /** Updates of books in the capture. */
  readonly updates: number
}

const readTrades = async (venue: LiveVenue, pair: string, signal: AbortSignal, into: PublicTrade[]): Promise<void> => {
  for await (const item of venue.trades(pair, signal)) if (item.kind === 'data') into.push(...item.value)
}

const known = ({ tradeId, price, amount, side }: CapturedTrade): CapturedTrade => ({
  tradeId,
  price: exact(price).toFixed(),
  amount: exact(amount).toFixed(),
  side,
})

/** Every frame of a capture, one at a time, through the exchange's real class: after each the served book is the rebuilt one. */
const replayed = async (t: Test, capture: ReplayVenue, { fewest, updates }: Replayed): Promise<void> => {
  const server = await startReplay(capture)
  const urls = { rest: server.restUrl, ws: server.socketUrl, limit: { cost: 1_000_000, windowMs: 1_000 } }
  const venues = openVenues({ urls: { [capture.connectorName]: urls }, timeoutMs: 10_000 })
  const stop = new AbortController()
  const venue = venues.liveVenue(capture.connectorName)
  const books = new Map<string, ServedBook>()
  const trades = new Map<string, PublicTrade[]>()
  const wrong: string[] = []
  const running: Promise<void>[] = []
  for (const { id, tradingPair } of capture.markets) {
    const truth = capture.books.get(id)
    if (truth === undefined) throw new Error(`the capture has no book of ${id}`)
    let before = stateOf(truth)
    const book = readBook(venue, tradingPair, stop.signal, (view) => {
      const now = stateOf(truth)
      // A frame is applied here before it arrives there: what is served is this state or the one before.
      if (!isState(view, now, unbounded, fewest) && !isState(view, before, unbounded, fewest)) wrong.push(tradingPair)
      before = now
    })
    books.set(id, book)
    running.push(book.ended)
    const mine: PublicTrade[] = []
    trades.set(id, mine)
    running.push(readTrades(venue, tradingPair, stop.signal, mine))
  }
  t.teardown(async () => {
    stop.abort()
    await Promise.all(running)
    await venues.close()
    await server.close()
  })

  const topics = new Set(capture.frames.filter(({ market }) => books.has(market)).map(({ topic }) => topic))
  const bookTopics = new Set(capture.frames.filter(({ change }) => change !== undefined).map(({ topic }) => topic))
  const tradeTopics = new Set(capture.frames.filter((frame) => frame.trades !== undefined).map(({ topic }) => topic))
  const needed = [...topics].filter((topic) => bookTopics.has(topic) || tradeTopics.has(topic))
  await until(
    () => `${needed.filter((topic) => !server.wanted(topic)).join(', ')} were not subscribed to`,
    () => needed.every((topic) => server.wanted(topic)),
  )

  const expected = new Map<string, CapturedTrade[]>()
  let steps = 0
  for (const frame of capture.frames) {
    const served = books.get(frame.market)
    if (served === undefined) continue
    const truth = capture.books.get(frame.market)
    if (truth !== undefined) frame.change?.(truth)
    server.send(frame)
    if (frame.trades !== undefined) {
      expected.set(frame.market, [...(expected.get(frame.market) ?? []), ...frame.trades])
    }
    if (truth === undefined || frame.change === undefined) continue
    steps += 1
    const now = stateOf(truth)
    let looked = 0
    await until(
      () => `the book of ${frame.market} was not as rebuilt after ${steps} updates (${served.errors.map(String)})`,
      () => {
        if (served.view === undefined || served.view.updateId === looked) return false
        looked = served.view.updateId
        return isState(served.view, now, unbounded, fewest)
      },
    )
  }
  for (const [id, book] of books) {
    t.same(book.interruptions, [], `${id}: nothing interrupted`)
    const truth = capture.books.get(id)
    if (truth !== undefined)
      await until(
        () => `${id} was not served`,
        () => book.view !== undefined,
      )
  }
  t.same(wrong, [], 'no book was ever served that had not been')
  for (const [id, wanted] of expected) {
    const got = trades.get(id) ?? []
    await until(
      () => `${got.length} of ${wanted.length} trades of ${id} came`,
      () => got.length >= wanted.length,
    )
    t.same(
      got.map(({ tradeId, price, amount, side }) => ({ tradeId, price, amount, side })),
      wanted.map(known),
      `${id}: the trades, exact and in order`,
    )
  }
  t.comment(`${steps} updates of ${books.size} books, ${server.connections.made} connections`)
  t.equal(steps, updates, 'every update was compared')
  t.equal(server.connections.made, 1, 'over one connection')
}

const test = (name: string, capture: ReplayVenue | undefined, how: Replayed): void => {
  if (capture === undefined) t.test(name, { skip: NO_CAPTURES }, async () => {})
  else t.test(name, async (t) => replayed(t, capture, how))
}

test('Binance', binanceReplay('spot'), { fewest: 20, updates: 177 })
test('Binance futures', binanceReplay('futures'), { fewest: 20, updates: 764 })
test('OKX as captured', okxReplay('captured'), { fewest: unbounded, updates: 97 })
test('OKX, numbered', okxReplay('numbered'), { fewest: unbounded, updates: 97 })
test('KuCoin', kucoinReplay(), { fewest: 20, updates: 3_853 })
test('Gate.io, channel of the capture', gateReplay('updates'), { fewest: unbounded, updates: 172 })
test('Gate.io, channel of today', gateReplay('obu'), { fewest: unbounded, updates: 172 })
test('Kraken', krakenReplay(), { fewest: unbounded, updates: 4_269 })
