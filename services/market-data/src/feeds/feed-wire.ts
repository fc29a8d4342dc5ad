import {
  type MarketBook,
  type MarketMessage,
  marketBook,
  marketCandles,
  marketFunding,
  marketMessage,
  marketTicker,
  marketTrades,
} from '@colibri/contracts'
import type { FundingInfo, Ticker } from '@colibri/exchange'
import type { z } from 'zod'
import type { FeedBook, FeedValues } from './feed.ts'
import type { FeedKind } from './feed-key.ts'

type Message<Type> = Extract<MarketMessage, { readonly type: Type }>
export type UpdateMessage<T> = Omit<Message<'update'>, 'value'> & { readonly value: T }
export type FeedMessage<T> = UpdateMessage<T> | Message<'state'> | Message<'failed'> | Message<'released'>

/** How the values of one kind travel. */
export interface FeedWire<T> {
  encode(message: FeedMessage<T>): MarketMessage
  /** Throws `ZodError`. */
  decode(json: unknown): FeedMessage<T>
}

const wireOf = <W, T>(schema: z.ZodType<W>, write: (value: T) => W, read: (value: W) => T): FeedWire<T> => ({
  encode: (message) => (message.type === 'update' ? { ...message, value: write(message.value) } : message),
  decode: (json) => {
    const message = marketMessage.parse(json)
    return message.type === 'update' ? { ...message, value: read(schema.parse(message.value)) } : message
  },
})

const itself = <T>(value: T): T => value

const writeBook = ({ updateId, bids, asks }: FeedBook): MarketBook => ({
  updateId,
  bids: bids.map(({ price, amount }) => [price, amount]),
  asks: asks.map(({ price, amount }) => [price, amount]),
})

const readBook = ({ updateId, bids, asks }: MarketBook): FeedBook => ({
  updateId,
  bids: bids.map(([price, amount]) => ({ price, amount })),
  asks: asks.map(([price, amount]) => ({ price, amount })),
})

export const feedWires: { readonly [K in FeedKind]: FeedWire<FeedValues[K]> } = {
  book: wireOf(marketBook, writeBook, readBook),
  trades: wireOf(
    marketTrades,
    (trades: FeedValues['trades']) => [...trades],
    (trades) => trades,
  ),
  ticker: wireOf(marketTicker, itself<Ticker>, itself<Ticker>),
  funding: wireOf(marketFunding, itself<FundingInfo>, itself<FundingInfo>),
  candles: wireOf(
    marketCandles,
    (rows: FeedValues['candles']) => [...rows],
    (rows) => rows,
  ),
}
