import { z } from 'zod'

/**
 * `rpc.market-data.candles`: closed candles that open from `from` up to but not including `to`, epoch milliseconds, oldest
 * first, in pages that fit into one message: ask again with `from` = `next` until it is null. What is not stored is fetched
 * from the venue first, so give a timeout as long as that may take. Unknown connector: error `not-found`; candles that can
 * be had nowhere: error `invalid`, saying which are stored; a venue that does not answer: error `unavailable`.
 */
export const candlesRangeRequest = z.object({
  connectorName: z.string(),
  tradingPair: z.string(),
  interval: z.string(),
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
})
export type CandlesRangeRequest = z.infer<typeof candlesRangeRequest>

const number = z.number()
/** Open time in milliseconds, open, high, low, close, volume, quote volume, trades, taker buy base and quote volume. */
export const candleRow = z.tuple([number, number, number, number, number, number, number, number, number, number])
export type CandleRow = z.infer<typeof candleRow>

export const candlesRangeReply = z.object({ rows: z.array(candleRow), next: z.int().nullable() })
export type CandlesRangeReply = z.infer<typeof candlesRangeReply>

/** Rows of one page: a million bytes, the most a message may hold, at the longest a number can be. */
export const CANDLE_ROWS_PER_PAGE = 4_000
