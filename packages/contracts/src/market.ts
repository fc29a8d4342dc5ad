import { z } from 'zod'
import { decimalText } from './events/order.ts'

/** Messages on `market.<connector>.<PAIR>.<kind>`, published by the replica that owns the feed. Times are epoch milliseconds. */

const level = z.tuple([decimalText, decimalText])

/** The best levels of each side, best first, as `[price, amount]`. */
export const marketBook = z.object({ updateId: z.number(), bids: z.array(level), asks: z.array(level) })
export type MarketBook = z.infer<typeof marketBook>

/** New trades, oldest first; `side` is the taker's. */
export const marketTrades = z.array(
  z.object({
    tradeId: z.string(),
    price: decimalText,
    amount: decimalText,
    side: z.enum(['buy', 'sell']),
    time: z.number(),
  }),
)

export const marketTicker = z.object({
  tradingPair: z.string(),
  bid: decimalText.nullable(),
  ask: decimalText.nullable(),
  last: decimalText.nullable(),
  time: z.number(),
})

/** `rate` of the running period as a fraction: `0.0001` is 0.01 %. */
export const marketFunding = z.object({
  tradingPair: z.string(),
  indexPrice: decimalText,
  markPrice: decimalText,
  rate: decimalText,
  nextFundingTime: z.number(),
})

/** Rows that are new or changed, oldest first. `time` is the open time; the newest row is still open. */
export const marketCandles = z.array(
  z.object({
    time: z.number(),
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    quoteVolume: z.number(),
    trades: z.number(),
    takerBuyBaseVolume: z.number(),
    takerBuyQuoteVolume: z.number(),
  }),
)

const header = {
  connector: z.string(),
  tradingPair: z.string(),
  /** The replica that owns the feed. */
  owner: z.string(),
  /** Grows with every change of owner: ignore a message of a lower term than the highest seen. */
  term: z.int(),
  /** Of the newest update: grows with every one, also when the owner changes. */
  sequence: z.int(),
  time: z.number(),
}

export const marketFeedState = z.enum(['connecting', 'live', 'stale'])

/** Said at every change, and every second in which there is no update. */
export const marketState = z.object({
  ...header,
  type: z.literal('state'),
  state: marketFeedState,
  /** Why the feed was interrupted, when that is what changed. */
  reason: z.string().nullable(),
})

/** The venue said no: nothing more comes until somebody asks for the feed again. */
export const marketFailed = z.object({
  ...header,
  type: z.literal('failed'),
  kind: z.enum(['unknown-pair', 'refused', 'unavailable']),
  message: z.string(),
})

/** The owner let go, because nobody used the feed or because it ends. */
export const marketReleased = z.object({ ...header, type: z.literal('released') })

const marketUpdate = <V extends z.ZodType>(value: V) =>
  z.object({
    ...header,
    type: z.literal('update'),
    /** Sequence of the update before this one; 0 when the owner knows of none. Whoever has another missed something. */
    previous: z.int(),
    value,
  })

const messageOf = <V extends z.ZodType>(value: V) =>
  z.discriminatedUnion('type', [marketUpdate(value), marketState, marketFailed, marketReleased])

/** Any message, its value not looked into. */
export const marketMessage = messageOf(z.unknown())
export type MarketMessage = z.infer<typeof marketMessage>

/** What travels on the subject of each kind; `candles` stands for `candles-<interval>`. */
export const marketMessages = {
  book: messageOf(marketBook),
  trades: messageOf(marketTrades),
  ticker: messageOf(marketTicker),
  funding: messageOf(marketFunding),
  candles: messageOf(marketCandles),
} as const
