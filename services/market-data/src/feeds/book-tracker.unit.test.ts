import t from 'tap'
import type { z } from 'zod'
import { restartBooks } from './book-tracker.ts'
import type { BookStatus, ControlRequest } from './control.ts'
import type { FeedState } from './feed.ts'

const statusOf = (tradingPair: string, state: FeedState): BookStatus => ({
  tradingPair,
  state,
  updated: null,
  bestBid: null,
  bestAsk: null,
  bidCount: 0,
  askCount: 0,
  firstUpdateId: null,
  lastUpdateId: null,
  updates: 0,
  interruptions: {},
})

/** A replica that owns books; `removed` are dropped as soon as they were restarted. */
const replica = (books: Map<string, FeedState>, removed: readonly string[]) => {
  const answer = (question: ControlRequest): object => {
    switch (question.op) {
      case 'restart': {
        const tradingPairs = [...books.keys()]
        for (const pair of removed) books.delete(pair)
        return { tradingPairs }
      }
      case 'books':
        return { books: [...books].map(([pair, state]) => statusOf(pair, state)) }
      case 'status':
        return {
          feeds: [...books].map(([tradingPair, state]) => ({
            key: { kind: 'book', connectorName: 'simulator', tradingPair },
            state,
            owned: true,
            holders: 0,
            lastAccess: 0,
            updated: null,
          })),
        }
      default:
        throw new Error(`not asked for ${question.op}`)
    }
  }
  return {
    askAll: async <T>(question: ControlRequest, reply: z.ZodType<T>): Promise<readonly T[]> => [
      reply.parse(answer(question)),
    ],
  }
}

t.test('a pair that is removed while books restart is not waited for', async (t) => {
  const books = new Map<string, FeedState>([
    ['BTC-USDT', 'live'],
    ['ETH-USDT', 'live'],
  ])
  t.same(await restartBooks(replica(books, ['ETH-USDT']), 'simulator', 600_000), {
    success: true,
    message: 'Order book tracker restarted for 1 trading pairs',
    trading_pairs: ['BTC-USDT'],
  })
  t.same(await restartBooks(replica(books, ['BTC-USDT']), 'simulator', 600_000), {
    success: false,
    error: 'No trading pairs to restart',
  })
})

t.test('a book that is there and does not come back is named', async (t) => {
  const books = new Map<string, FeedState>([['BTC-USDT', 'stale']])
  t.same(await restartBooks(replica(books, []), 'simulator', 0), {
    success: false,
    error: 'Order books did not come back within 0s: BTC-USDT',
  })
})
