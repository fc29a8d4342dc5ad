import { parentPort } from 'node:worker_threads'
import { type ReplayServer, startReplay } from '@colibri/testkit'
import { type FedMarket, type FedVenue, fedVenues } from './markets.ts'

/** Captured venues in a thread of their own, each book changed ten times a second, as venues do that gather changes. */
export interface ServedVenue {
  readonly connectorName: string
  readonly restUrl: string
  readonly socketUrl: string
  readonly books: readonly string[]
  readonly trades: readonly string[]
}

/** Every market has its turn once in so many ticks. */
const TURNS = 5
const TICK_MS = 20
/** A market trades once in so many changes of its book. */
const CHANGES_PER_TRADE = 10

/** Sends a market's frames one after the other, and keeps the book that a new snapshot is made of. */
const feeder = (venue: FedVenue, { id, books, trades }: FedMarket, server: ReplayServer): (() => void) => {
  const book = venue.replay.books.get(id)
  let sent = 0
  return () => {
    const frame = books[sent % books.length]
    if (frame === undefined || book === undefined) return
    const last = book.sequence
    server.send(frame, venue.numbered(frame.text, last))
    // The capture's own number would make a second round old news.
    book.sequence = 0
    frame.change?.(book)
    book.sequence = last + 1
    book.time = Date.now()
    sent += 1
    const trade = sent % CHANGES_PER_TRADE === 0 ? trades[(sent / CHANGES_PER_TRADE) % trades.length] : undefined
    // Under its old id it would be taken for one that is known.
    if (trade !== undefined) server.send(trade, trade.text.replace(/"a":\d+/, `"a":${sent}`))
  }
}

const run = async (): Promise<void> => {
  const port = parentPort
  if (port === null) throw new Error('the venues run in a thread')
  const venues = fedVenues()
  const servers = await Promise.all(venues.map(({ replay }) => startReplay(replay)))
  const served = venues.map(({ replay, markets }, at): ServedVenue => {
    const server = servers[at]
    return {
      connectorName: replay.connectorName,
      restUrl: server?.restUrl ?? '',
      socketUrl: server?.socketUrl ?? '',
      books: markets.map(({ tradingPair }) => tradingPair),
      trades: markets.filter(({ trades }) => trades.length > 0).map(({ tradingPair }) => tradingPair),
    }
  })
  const feeders = venues.flatMap((venue, at) => {
    const server = servers[at]
    return server === undefined ? [] : venue.markets.map((market) => feeder(venue, market, server))
  })
  let tick = 0
  const ticks = setInterval(() => {
    tick += 1
    for (const [index, feed] of feeders.entries()) if (index % TURNS === tick % TURNS) feed()
  }, TICK_MS)
  port.once('message', async () => {
    clearInterval(ticks)
    await Promise.all(servers.map((server) => server.close()))
    port.close()
  })
  port.postMessage(served)
}

await run()
