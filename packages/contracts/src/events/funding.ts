import { z } from 'zod'
import { decimalText } from './order.ts'

export const fundingEvents = {
  /** A perpetual position paid or was paid for being open. */
  FundingPaid: z.object({
    accountName: z.string(),
    connectorName: z.string(),
    tradingPair: z.string(),
    /** The venue's id of the payment. */
    venueId: z.string(),
    /** Positive when received, negative when paid. */
    amount: decimalText,
    currency: z.string(),
    /** Of the period, as a fraction; null where the venue does not tell. */
    rate: decimalText.nullable(),
    /** The position as the venue showed it when the payment was seen, base units, negative when short; null when unknown. */
    positionSize: decimalText.nullable(),
    /** Epoch milliseconds by the venue's clock. */
    venueTime: z.number().int(),
  }),
} as const

export type FundingPaid = Readonly<z.infer<typeof fundingEvents.FundingPaid>>

/** The stream of one account's payments at one connector. */
export const fundingStream = (accountName: string, connectorName: string): string =>
  `funding-${accountName}-${connectorName}`
