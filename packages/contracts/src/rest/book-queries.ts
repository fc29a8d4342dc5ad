import { z } from 'zod'
import { bool, float, literal, model, nullable, text } from './types.ts'

/** `/market-data/order-book/…-for-…`: what a book would give for an order of a size or a limit. */

const members = (input: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof input === 'object' && input !== null && !Array.isArray(input)
    ? (input as Readonly<Record<string, unknown>>)
    : undefined

/** Older clients say `side: "BUY"` where the contract says `is_buy: true`; any letter case. `is_buy` wins. */
const sideAsIsBuy = (input: unknown): unknown => {
  const body = members(input)
  if (body === undefined || body['side'] === undefined) return input
  const { side, ...rest } = body
  if (rest['is_buy'] !== undefined) return rest
  const word = typeof side === 'string' ? side.toUpperCase() : side
  return word === 'BUY' || word === 'SELL' ? { ...rest, is_buy: word === 'BUY' } : input
}

const bookQuery = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.preprocess(
    sideAsIsBuy,
    model({
      connector_name: text(),
      trading_pair: text(),
      is_buy: bool(),
      ...shape,
      side: nullable(literal('BUY', 'SELL')),
    }),
  )

export const priceForVolumeRequest = bookQuery({ volume: float() })
export const volumeForPriceRequest = bookQuery({ price: float() })
export const priceForQuoteVolumeRequest = bookQuery({ quote_volume: float() })
export const quoteVolumeForPriceRequest = bookQuery({ price: float() })
export const vwapForVolumeRequest = bookQuery({ volume: float() })
export type VolumeQuery = z.output<typeof priceForVolumeRequest>
export type PriceQuery = z.output<typeof volumeForPriceRequest>
export type QuoteVolumeQuery = z.output<typeof priceForQuoteVolumeRequest>

/** Members a query does not use are null, and so is what the book is too thin for. */
export const bookQueryResponse = z.object({
  trading_pair: z.string(),
  is_buy: z.boolean(),
  query_volume: z.number().nullable(),
  query_price: z.number().nullable(),
  result_price: z.number().nullable(),
  result_volume: z.number().nullable(),
  result_quote_volume: z.number().nullable(),
  average_price: z.number().nullable(),
  timestamp: z.number(),
})
export type BookQueryResponse = z.infer<typeof bookQueryResponse>
