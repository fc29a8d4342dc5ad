import { setTimeout as sleep } from 'node:timers/promises'
import type { OrderBookDiagnosticsResponse, RestartOrderBooksResponse } from '@colibri/contracts'
import { type BookStatus, booksReply, forgetReply, restartReply, statusReply } from './control.ts'
import type { FeedService } from './feeds.ts'

type Asks = Pick<FeedService, 'askAll'>

/** The tasks clients know of the original's tracker. Here one stream for each book does the work of all of them. */
const TASKS = [
  '_order_book_diff_listener_task',
  '_order_book_trade_listener_task',
  '_order_book_snapshot_listener_task',
  '_order_book_diff_router_task',
  '_order_book_snapshot_router_task',
  '_order_book_stream_listener_task',
  '_update_last_trade_prices_task',
  '_init_order_books_task',
] as const

const POLL_MS = 100

const booksOf = async (feeds: Asks, connectorName: string): Promise<readonly BookStatus[]> => {
  const replicas = await feeds.askAll({ op: 'books', connectorName }, booksReply)
  return replicas.flatMap(({ books }) => books).sort((one, other) => (one.tradingPair < other.tradingPair ? -1 : 1))
}

/** The live books of a connector, whichever replicas own them. */
export const diagnose = async (
  feeds: Asks,
  connectorName: string,
  now: number,
): Promise<OrderBookDiagnosticsResponse> => {
  const books = await booksOf(feeds, connectorName)
  const live = books.filter(({ state }) => state === 'live')
  const task = { exists: books.length > 0, done: false, cancelled: false, exception: null }
  return {
    connector_type: connectorName.includes('_perpetual') ? 'perpetual' : 'spot',
    connector_name: connectorName,
    has_order_book_tracker: true,
    tracker_ready: books.length > 0 && live.length === books.length,
    tasks: Object.fromEntries(TASKS.map((name) => [name, task])),
    trading_pairs: books.map(({ tradingPair }) => tradingPair),
    order_books: Object.fromEntries(
      books.map((book) => [
        book.tradingPair,
        {
          best_bid: numberOrNull(book.bestBid),
          best_ask: numberOrNull(book.bestAsk),
          bid_count: book.bidCount,
          ask_count: book.askCount,
          snapshot_uid: book.firstUpdateId,
          last_diff_uid: book.lastUpdateId,
        },
      ]),
    ),
    metrics: Object.fromEntries(
      books.map((book) => [
        book.tradingPair,
        {
          state: book.state,
          age: book.updated === null ? null : Math.max(0, now - book.updated) / 1000,
          updates: book.updates,
          interruptions: book.interruptions,
        },
      ]),
    ),
    websocket_status: books.length === 0 ? 'unknown' : live.length > 0 ? 'connected' : 'not_connected',
  }
}

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text))

/** Of these pairs those whose book some replica still has, owner or not. */
const stillKnown = async (feeds: Asks, connectorName: string, pairs: readonly string[]): Promise<readonly string[]> => {
  const replicas = await feeds.askAll({ op: 'status' }, statusReply)
  const keys = replicas.flatMap((replica) => replica.feeds.map(({ key }) => key))
  const known = new Set(
    keys
      .filter((key) => key.kind === 'book' && key.connectorName === connectorName)
      .map(({ tradingPair }) => tradingPair),
  )
  return pairs.filter((pair) => known.has(pair))
}

/** Begins all live books of a connector anew with the venue and waits until they are live again, but for those removed meanwhile. */
export const restartBooks = async (
  feeds: Asks,
  connectorName: string,
  waitMs: number,
): Promise<RestartOrderBooksResponse> => {
  const replicas = await feeds.askAll({ op: 'restart', connectorName }, restartReply)
  let pairs: readonly string[] = replicas.flatMap(({ tradingPairs }) => tradingPairs).sort()
  const deadline = performance.now() + waitMs
  while (pairs.length > 0) {
    const books = await booksOf(feeds, connectorName)
    const missing = pairs.filter((pair) => !books.some((book) => book.tradingPair === pair && book.state === 'live'))
    if (missing.length === 0) {
      const message = `Order book tracker restarted for ${pairs.length} trading pairs`
      return { success: true, message, trading_pairs: [...pairs] }
    }
    if (performance.now() > deadline) {
      return { success: false, error: `Order books did not come back within ${waitMs / 1000}s: ${missing.join(', ')}` }
    }
    const awaited = new Set(await stillKnown(feeds, connectorName, missing))
    pairs = pairs.filter((pair) => awaited.has(pair) || !missing.includes(pair))
    if (awaited.size > 0) await sleep(POLL_MS)
  }
  return { success: false, error: 'No trading pairs to restart' }
}

/** Drops a live book wherever nobody holds it. Returns whether any replica had it. */
export const forgetBook = async (feeds: Asks, connectorName: string, tradingPair: string): Promise<boolean> => {
  const key = { kind: 'book', connectorName, tradingPair } as const
  const replicas = await feeds.askAll({ op: 'forget', key }, forgetReply)
  return replicas.some(({ known }) => known)
}
