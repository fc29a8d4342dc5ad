import type { BookLevel, FundingInfo, Ticker } from '@colibri/exchange'
import type { FeedBook } from '../feeds/feed.ts'

/** JSON texts of live data, with numbers as the contract has them and the names of the same values in REST. */

const pair = ({ price, amount }: BookLevel): readonly [number, number] => [Number(price), Number(amount)]

/** The best levels of a book, as far down as the feed carries them. */
export const levels = ({ bids, asks }: FeedBook, depth: number): string =>
  JSON.stringify({ bids: bids.slice(0, depth).map(pair), asks: asks.slice(0, depth).map(pair) })

const orNull = (text: string | null): number | null => (text === null ? null : Number(text))

export const top = ({ last, bid, ask, time }: Ticker): string =>
  JSON.stringify({ price: orNull(last), best_bid: orNull(bid), best_ask: orNull(ask), timestamp: time / 1_000 })

export const rates = ({ rate, nextFundingTime, markPrice, indexPrice }: FundingInfo): string =>
  JSON.stringify({
    funding_rate: Number(rate),
    next_funding_time: nextFundingTime / 1_000,
    mark_price: Number(markPrice),
    index_price: Number(indexPrice),
  })
