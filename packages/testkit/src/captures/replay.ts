import type { NaiveBook } from './naive-book.ts'

export interface CapturedTrade {
  readonly tradeId: string
  readonly price: string
  readonly amount: string
  readonly side: 'buy' | 'sell'
}

/** One frame of a capture, and what it means. */
export interface ReplayFrame {
  /** What a client must have subscribed to, to be sent it. */
  readonly topic: string
  readonly market: string
  readonly text: string
  /** Applies it to the book of its market, as the venue's documents say; absent for frames of other kinds. */
  readonly change?: (book: NaiveBook) => void
  readonly trades?: readonly CapturedTrade[]
}

export interface ReplayMarket {
  /** The venue's own name. */
  readonly id: string
  readonly tradingPair: string
}

export type Books = ReadonlyMap<string, NaiveBook>

export interface Answer {
  readonly replies: readonly string[]
  readonly subscribe?: readonly string[]
  readonly unsubscribe?: readonly string[]
}

/** A captured venue: speaks as the venue did, with the books as they are by the frames played so far. */
export interface ReplayVenue {
  readonly connectorName: string
  readonly markets: readonly ReplayMarket[]
  readonly frames: readonly ReplayFrame[]
  /** The books before the first frame. */
  readonly books: Map<string, NaiveBook>
  /** Put before the path of the websocket addresses. */
  readonly socketPath?: string
  /** Sent to every connection that opens. */
  readonly greeting?: string
  /** The body of a REST answer, or `undefined` for a page it has not got. */
  page(url: URL, socketUrl: string): string | undefined
  /** Answers a message of a client. */
  answer(message: string): Answer
}
