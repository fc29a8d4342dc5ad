import { statusReply } from '../feeds/control.ts'
import type { FeedService } from '../feeds/feeds.ts'
import { midPrice } from './exchange-source.ts'
import { pairTokens, quotient, type Rate } from './find-rate.ts'

/** The best prices of a book that is live on some replica. */
export interface LiveBook {
  readonly connectorName: string
  readonly tradingPair: string
  readonly bid: string | null
  readonly ask: string | null
  /** Epoch milliseconds. */
  readonly time: number
}

/** The live books of these pairs. Never rejects: a rate without a book is just unknown. */
export type LiveBooks = (tradingPairs: ReadonlySet<string>) => Promise<readonly LiveBook[]>

/** Replicas are asked what is live at most this often. */
const LIST_MS = 1_000
const BOOK_MS = 500

type Feeds = Pick<FeedService, 'askAll' | 'book'>
type BookName = Pick<LiveBook, 'connectorName' | 'tradingPair'>

/** The books that somebody watches anyway, on any replica; none is opened for a rate. */
export const liveBooksOf = (feeds: Feeds, elapsed: () => number): LiveBooks => {
  let listed: { readonly at: number; readonly names: Promise<readonly BookName[]> } | undefined

  const names = (): Promise<readonly BookName[]> => {
    if (listed === undefined || elapsed() - listed.at >= LIST_MS) listed = { at: elapsed(), names: liveNames(feeds) }
    return listed.names
  }
  const best = async ({ connectorName, tradingPair }: BookName): Promise<LiveBook[]> => {
    try {
      const { bids, asks, time } = await feeds.book(connectorName, tradingPair, 1, BOOK_MS)
      const [bid, ask] = [bids[0]?.price ?? null, asks[0]?.price ?? null]
      return [{ connectorName, tradingPair, bid, ask, time }]
    } catch {
      // It ended or was interrupted since it was listed.
      return []
    }
  }
  return async (tradingPairs) => {
    const wanted = (await names()).filter(({ tradingPair }) => tradingPairs.has(tradingPair))
    return (await Promise.all(wanted.map(best))).flat()
  }
}

const liveNames = async (feeds: Feeds): Promise<readonly BookName[]> => {
  const replies = await feeds.askAll({ op: 'status' }, statusReply).catch(() => [])
  const live = replies
    .flatMap((reply) => reply.feeds)
    .filter(({ key, state }) => key.kind === 'book' && state === 'live')
  // Every replica that listens to a book lists it.
  const each = new Map(
    live.map(({ key: { connectorName, tradingPair } }) => [
      `${connectorName} ${tradingPair}`,
      { connectorName, tradingPair },
    ]),
  )
  return [...each.values()]
}

/** The middle of the pair's book, or the inverse of its reverse's, at the first connector by name that has one. */
export const bookRate = (books: readonly LiveBook[], tradingPair: string): Rate | undefined => {
  const reverse = reversed(tradingPair)
  const connectors = [...new Set(books.map(({ connectorName }) => connectorName))].sort()
  for (const connector of connectors) {
    for (const pair of [tradingPair, reverse]) {
      const book = books.find((each) => each.connectorName === connector && each.tradingPair === pair)
      const mid = book === undefined ? undefined : midPrice(book)
      if (book === undefined || mid === undefined) continue
      return { value: pair === tradingPair ? mid : quotient(1, mid), time: book.time }
    }
  }
  return undefined
}

/** `USDT-BTC` for `BTC-USDT`; undefined for what is no pair. */
export const reversed = (tradingPair: string): string | undefined => {
  const tokens = pairTokens(tradingPair)
  return tokens === undefined ? undefined : `${tokens.quote}-${tokens.base}`
}
