import { z } from 'zod'
import type { EventOf } from './event-of.ts'

/** A decimal number as text: what money and sizes are at every boundary. */
export const decimalText = z.string().regex(/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/)

export const tradeType = z.enum(['BUY', 'SELL'])
export const orderType = z.enum(['LIMIT', 'MARKET', 'LIMIT_MAKER'])
export const positionAction = z.enum(['OPEN', 'CLOSE'])

export const orderEvents = {
  /** The intent, stored before the venue is called. */
  OrderSubmitted: z.object({
    clientOrderId: z.string(),
    accountName: z.string(),
    connectorName: z.string(),
    tradingPair: z.string(),
    tradeType,
    orderType,
    /** Base units, quantised to the venue's rules. */
    amount: decimalText,
    /** Quote per base, quantised; null for MARKET. */
    price: decimalText.nullable(),
    positionAction,
    /** As the client wrote them: what the reply echoes. */
    requestedAmount: z.string(),
    requestedPrice: z.string().nullable(),
    /** What was known of the market at that moment; null when nothing was, absent in events from before it was kept. */
    market: z
      .object({
        bid: decimalText.nullable(),
        ask: decimalText.nullable(),
        last: decimalText.nullable(),
        /** Epoch milliseconds of these prices. */
        time: z.number().int(),
      })
      .nullable()
      .optional(),
    /** Present when the order was placed outside Colibri, and was found at the venue. */
    external: z
      .object({
        venueOrderId: z.string(),
        /** Its client order id at the venue; null where it has none. */
        clientOrderId: z.string().nullable(),
        /** Epoch milliseconds by the venue's clock; null where it does not tell. */
        placedAt: z.number().int().nullable(),
      })
      .optional(),
  }),
  OrderAccepted: z.object({ venueOrderId: z.string() }),
  OrderRejected: z.object({ reason: z.string() }),
  /** Timeout, disconnect, 5xx, unreadable reply: the order may or may not exist at the venue. Never sent again. */
  OrderOutcomeUnknown: z.object({ reason: z.string() }),
  OrderFilled: z.object({
    /** The venue's trade id: a fill is applied once per trade id. */
    tradeId: z.string(),
    price: decimalText,
    amount: decimalText,
    feeAmount: decimalText,
    feeCurrency: z.string(),
    /** The fee in the pair's quote token at the time of the fill; null when no price was known. */
    feeInQuote: decimalText.nullable(),
    liquidity: z.enum(['maker', 'taker', 'unknown']),
    /** Epoch milliseconds by the venue's clock. */
    venueTime: z.number().int(),
    /** Which position it changed, where the account keeps long and short apart (hedge mode); absent otherwise. */
    positionSide: z.enum(['LONG', 'SHORT']).optional(),
  }),
  OrderCancelRequested: z.object({}),
  OrderCancelRejected: z.object({ reason: z.string() }),
  OrderCancelUnknown: z.object({ reason: z.string() }),
  /** No further fill is expected; a late one is still applied. */
  OrderCancelled: z.object({ reason: z.string() }),
} as const

export type OrderEvent = EventOf<typeof orderEvents>

/** The stream of one order. */
export const orderStream = (clientOrderId: string): string => `order-${clientOrderId}`
