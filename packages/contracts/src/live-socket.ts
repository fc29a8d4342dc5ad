import { z } from 'zod'

/**
 * Messages on the websocket `/ws/market-data`, JSON text in both directions. Times are seconds with fractions. Numbers are
 * JSON numbers, as the REST routes of the same data have them.
 */

const marketName = { connector: z.string(), trading_pair: z.string() }
const subscribe = {
  action: z.literal('subscribe'),
  ...marketName,
  /** Seconds between two pushes, from 0.25 to 60. */
  update_interval: z.number().default(1),
  /** `sequence` of the last message the client has of this subscription. */
  resume_from: z.int().nonnegative().optional(),
}

/** What a client may say. A number may also come as text. */
export const liveSocketRequests = {
  Subscribe: z.discriminatedUnion('type', [
    z.object({
      ...subscribe,
      type: z.literal('candles'),
      interval: z.string().default('1m'),
      max_records: z.int().min(1).max(10_000).default(100),
    }),
    /** A live book is carried 100 levels deep. */
    z.object({ ...subscribe, type: z.literal('order_book'), depth: z.int().min(1).max(1_000).default(10) }),
    z.object({ ...subscribe, type: z.enum(['trades', 'ticker', 'funding']) }),
  ]),
  Unsubscribe: z.object({ action: z.literal('unsubscribe'), subscription_id: z.string() }),
  Ping: z.object({ action: z.literal('ping') }),
} as const

const timestamp = z.number()
const id = z.string()

const data = <Type extends string, V extends z.ZodType>(type: Type, value: V) =>
  z.strictObject({
    type: z.literal(type),
    subscription_id: id,
    data: value,
    timestamp,
    /** Of the newest update in `data`: what `resume_from` takes. Grows, and may skip numbers. */
    sequence: z.int(),
    /** Trades that the client read too slowly to get. */
    dropped: z.int().positive().optional(),
    /** On the first message after `resume_from`: false when something was missed that is no longer kept. */
    resumed: z.boolean().optional(),
  })

const candle = z.strictObject({
  timestamp,
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number(),
  quote_asset_volume: z.number(),
  n_trades: z.number(),
  taker_buy_base_volume: z.number(),
  taker_buy_quote_volume: z.number(),
})
/** Price and amount. */
const level = z.tuple([z.number(), z.number()])
const side = z.array(level)
const number = z.number().nullable()

/** What the server says. */
export const liveSocketMessages = {
  Connected: z.strictObject({ type: z.literal('connected'), connection_id: z.string().length(8), timestamp }),
  /** Every 30 seconds. */
  Heartbeat: z.strictObject({ type: z.literal('heartbeat'), timestamp }),
  Pong: z.strictObject({ type: z.literal('pong'), timestamp }),
  /** Comes before any data of the subscription. `resumed` answers `resume_from`. */
  Subscribed: z.strictObject({
    type: z.literal('subscribed'),
    subscription_id: id,
    resumed: z.boolean().optional(),
  }),
  Unsubscribed: z.strictObject({ type: z.literal('unsubscribed'), subscription_id: id }),
  /** With `subscription_id`: a running subscription has ended. */
  Error: z.strictObject({ type: z.literal('error'), message: z.string(), subscription_id: id.optional() }),
  /** First, and whenever a candle opens: the newest rows, oldest first, the last one live. Resumed: the rows that may have changed. */
  Candles: data('candles', z.array(candle)),
  /** The live candle, also when it has not changed. */
  CandleUpdate: data('candle_update', candle),
  /** Best first on both sides. */
  OrderBook: data('order_book', z.strictObject({ bids: side, asks: side })),
  /** `side` is the taker's. */
  Trades: data(
    'trades',
    z.array(z.strictObject({ timestamp, price: z.number(), amount: z.number(), side: z.enum(['buy', 'sell']) })),
  ),
  Ticker: data('ticker', z.strictObject({ price: number, best_bid: number, best_ask: number, timestamp })),
  Funding: data(
    'funding',
    z.strictObject({
      funding_rate: z.number(),
      next_funding_time: z.number(),
      mark_price: z.number(),
      index_price: z.number(),
    }),
  ),
} as const
