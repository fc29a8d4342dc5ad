import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  binanceReplay,
  gateReplay,
  krakenReplay,
  kucoinReplay,
  NO_CAPTURES,
  okxReplay,
  type ReplayFrame,
  type ReplayServer,
  type ReplayVenue,
  startReplay,
} from '@colibri/testkit'
import t, { type Test } from 'tap'
import { openVenues } from '../open-venues.ts'
import { isState, readBook, type ServedBook, type State, stateOf } from '../testing/served-book.ts'
import type { BookView } from '../venue.ts'

t.setTimeout(600_000)

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined

type Dice = () => number

const dice = (seed: number): Dice => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = <T>(roll: Dice, items: readonly T[]): T => {
  const item = items[Math.floor(roll() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** Frames that no venue sends. Those that are JSON lack what a book needs, or have what no book can use. */
const garbage = (roll: Dice, { text }: ReplayFrame): string =>
  pick<(text: string) => string>(roll, [
    () => '',
    () => '\u0000\u0001garbage',
    () => '[]',
    () => '{}',
    () => 'null',
    () => '{"data":{}}',
    () => '[[[[[[',
    (whole) => whole.replace(/:\[\[/, ':null,"x":[['),
    (whole) => whole.replace(/"(\d+\.?\d*)"/, '"NaN"'),
    (whole) => whole.replace(/"(\d+\.?\d*)"/, '"-$1"'),
    (whole) => whole.replace(/"(\d+\.?\d*)"/, '{}'),
    (whole) => whole.replaceAll('"', "'"),
    (whole) => whole + whole,
  ])(text)

interface Fuzzed {
  /** As many levels of each side as the venue's own protocol protects. */
  readonly depth: number
  readonly fewest: number
  readonly markets: number
  readonly frames: number
}

/** States of a book a served one may be: clients are a few frames behind, and stand still while they are cut off. */
class History {
  readonly #states: State[] = []
  last = 0

  add(state: State): void {
    this.#states.push(state)
  }

  /** Whether the view is one of the states, and none before the last one it was. */
  holds(view: BookView, { depth, fewest }: Fuzzed): boolean {
    for (let index = this.#states.length - 1; index >= this.last; index -= 1) {
      const state = this.#states[index]
      if (state !== undefined && isState(view, state, depth, fewest)) return true
    }
    return false
  }
}

const eventually = async (what: string, done: () => boolean): Promise<void> => {
  const end = Date.now() + 60_000
  while (!done()) {
    if (Date.now() > end) throw new Error(`${what} within a minute`)
    await sleep(5)
  }
}

/** Sends one frame, or something else in its place. Says what became of it. */
const mistreat = (roll: Dice, server: ReplayServer, frame: ReplayFrame, earlier: readonly ReplayFrame[]): string => {
  const chance = roll()
  if (chance < 0.012) {
    server.send(frame, frame.text.slice(0, Math.floor(roll() * frame.text.length)))
    return 'cut'
  }
  if (chance < 0.025) {
    server.send(frame, garbage(roll, frame))
    return 'garbage instead'
  }
  if (chance < 0.035) {
    server.send(frame, garbage(roll, frame))
    server.send(frame)
    return 'garbage before'
  }
  if (chance < 0.06) return 'lost'
  if (chance < 0.1) {
    server.send(frame)
    server.send(frame)
    return 'twice'
  }
  if (chance < 0.14 && earlier.length > 0) {
    server.send(pick(roll, earlier.slice(-30)))
    server.send(frame)
    return 'an old one again'
  }
  if (chance < 0.18) return 'held back'
  server.send(frame)
  return 'sent'
}

/** The last frame of every market after all others: a loss shows with the next frame of its market alone. */
const lastWordsLast = (frames: readonly ReplayFrame[]): readonly ReplayFrame[] => {
  const last = new Set(new Map(frames.map((frame) => [frame.market, frame])).values())
  return [...frames.filter((frame) => !last.has(frame)), ...last]
}

/** The view with another amount at its best bid. */
const lieOf = (view: BookView): BookView => ({
  ...view,
  side: (side, depth) =>
    view
      .side(side, depth)
      .map((level, index) => (side === 'bids' && index === 0 ? { ...level, amount: '0.0123' } : level)),
})

const fuzzed = async (t: Test, capture: ReplayVenue, how: Fuzzed): Promise<void> => {
  const seed = seedToRepeat ?? randomInt(2 ** 31)
  t.comment(`seed ${seed}`)
  const roll = dice(seed)
  const server = await startReplay(capture)
  const urls = { rest: server.restUrl, ws: server.socketUrl, limit: { cost: 1_000_000, windowMs: 1_000 } }
  const venues = openVenues({ urls: { [capture.connectorName]: urls }, timeoutMs: 5_000 })
  const stop = new AbortController()
  const venue = venues.liveVenue(capture.connectorName)
  const books = new Map<string, { served: ServedBook; history: History }>()
  const wrong: string[] = []
  let looks = 0
  const look = (market: string, view: BookView, history: History): void => {
    looks += 1
    if (!history.holds(view, how)) {
      wrong.push(`${market}, update ${view.updateId}: ${JSON.stringify(view.side('bids', 3))}`)
    }
  }
  for (const { id, tradingPair } of capture.markets.slice(0, how.markets)) {
    const truth = capture.books.get(id)
    if (truth === undefined) throw new Error(`the capture has no book of ${id}`)
    const history = new History()
    history.add(stateOf(truth))
    const served = readBook(venue, tradingPair, stop.signal, (view) => look(id, view, history))
    books.set(id, { served, history })
  }
  t.teardown(async () => {
    stop.abort()
    await Promise.all([...books.values()].map(({ served }) => served.ended))
    await venues.close()
    await server.close()
  })

  t.equal(books.size, how.markets)
  const frames = lastWordsLast(capture.frames.filter(({ market, change }) => change !== undefined && books.has(market)))
  const topics = [...new Set(frames.map(({ topic }) => topic))]
  await eventually('the subscriptions', () => topics.every((topic) => server.wanted(topic)))
  const counts = new Map<string, number>()
  const tell = (frame: ReplayFrame): void => {
    const truth = capture.books.get(frame.market)
    if (truth === undefined) return
    frame.change?.(truth)
    books.get(frame.market)?.history.add(stateOf(truth))
  }
  const held: { readonly frame: ReplayFrame; readonly until: number }[] = []
  const tame = Math.min(frames.length, how.frames)
  const fuzz = Math.floor(tame * 0.85)
  for (const [index, frame] of frames.slice(0, tame).entries()) {
    tell(frame)
    const fate = index < fuzz ? mistreat(roll, server, frame, frames.slice(0, index)) : 'sent'
    if (index >= fuzz) server.send(frame)
    counts.set(fate, (counts.get(fate) ?? 0) + 1)
    if (fate === 'held back') held.push({ frame, until: index + 1 + Math.floor(roll() * 4) })
    for (const late of held.filter(({ until }) => until === index)) server.send(late.frame)
    await sleep(roll() < 0.3 ? 1 : 0)
    for (const [id, { served, history }] of books) if (served.view !== undefined) look(id, served.view, history)
    // Often enough the books come back before the next blow.
    if (roll() < 0.1) {
      const end = Date.now() + 3_000
      while ([...books.values()].some(({ served }) => served.view === undefined) && Date.now() < end) await sleep(5)
    }
  }
  const interruptions = [...books.values()].flatMap(({ served }) => served.interruptions)
  t.comment(`${looks} looks, ${interruptions.length} interruptions, ${JSON.stringify(Object.fromEntries(counts))}`)
  t.same(wrong.slice(0, 5), [], 'no book was served that had never been')
  t.ok(looks > tame / 4, 'books were looked at')
  t.ok(interruptions.length > 0, 'and interrupted')
  // Quiet now: a book that stands again needs at most a few more of the venue's updates.
  const rest = frames.slice(tame)
  t.same(new Set(rest.map(({ market }) => market)), new Set(books.keys()), 'every book is asked: each gets more')
  const stands = (id: string, view: BookView | undefined): boolean => {
    const truth = capture.books.get(id)
    return view !== undefined && truth !== undefined && isState(view, stateOf(truth), how.depth, how.fewest)
  }
  const fallen = (): readonly string[] =>
    [...books].filter(([id, { served }]) => !stands(id, served.view)).map(([id]) => id)
  for (const frame of rest) {
    if (fallen().length === 0) break
    tell(frame)
    server.send(frame)
    await sleep(2)
  }
  await eventually('every book stood again', () => fallen().length === 0)
  t.same(fallen(), [], `all ${books.size} books stand again`)
  for (const [id, { served, history }] of books) {
    const { view } = served
    if (view === undefined) throw new Error(`${id} was interrupted though nothing came`)
    t.notOk(stands(id, lieOf(view)), `a wrong book of ${id} would have been found at the end`)
    t.notOk(history.holds(lieOf(view), how), '… and in between')
  }
}

const test = (name: string, capture: ReplayVenue | undefined, how: Fuzzed): void => {
  if (capture === undefined) t.test(name, { skip: NO_CAPTURES }, async () => {})
  else t.test(name, async (t) => fuzzed(t, capture, how))
}

const unbounded = Number.POSITIVE_INFINITY

test('Binance', binanceReplay('spot'), { depth: unbounded, fewest: 20, markets: 4, frames: 150 })
test('Binance futures', binanceReplay('futures'), { depth: unbounded, fewest: 20, markets: 4, frames: 500 })
// The checksum of that time covers 25 levels, and nothing tells of a loss below them.
test('OKX as captured', okxReplay('captured'), { depth: 25, fewest: unbounded, markets: 1, frames: 90 })
test('OKX, numbered', okxReplay('numbered'), { depth: unbounded, fewest: unbounded, markets: 1, frames: 90 })
test('KuCoin', kucoinReplay(), { depth: unbounded, fewest: 20, markets: 4, frames: 600 })
test('Gate.io, channel of the capture', gateReplay('updates'), {
  depth: unbounded,
  fewest: unbounded,
  markets: 6,
  frames: 120,
})
test('Gate.io, channel of today', gateReplay('obu'), { depth: unbounded, fewest: unbounded, markets: 6, frames: 120 })
// The venue's checksum covers 10 levels.
test('Kraken', krakenReplay(), { depth: 10, fewest: unbounded, markets: 4, frames: 600 })
