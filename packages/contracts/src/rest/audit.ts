import { z } from 'zod'
import { instant } from './as-of.ts'
import { integer, model, nullable, text } from './types.ts'

/** `GET /audit`: every event of the log, newest first; and `GET /trading/orders/{id}/why`: what led to an order's fills. */

export const auditRequest = model({
  limit: integer({ ge: 1, le: 1000 }).default(100),
  /** `next_cursor` of the page before. */
  cursor: nullable(text({ pattern: '^[0-9]{1,15}$' })),
  /** Who asked, exactly: `user:<name>`, `service:<name>`, `venue:<connector>`, `guard`. */
  actor: nullable(text({ minLength: 1 })),
  account_name: nullable(text({ minLength: 1 })),
  event_type: nullable(text({ minLength: 1 })),
  /** Events the log stored from here on. */
  start_time: nullable(instant()),
  /** Events the log had stored by then. */
  end_time: nullable(instant()),
})
export type AuditRequest = z.infer<typeof auditRequest>

const eventData = z.record(z.string(), z.unknown())

export const auditRow = z.object({
  event_id: z.string(),
  type: z.string(),
  stream_id: z.string(),
  version: z.number(),
  /** Place in the whole log. Opaque text. */
  position: z.string(),
  /** Epoch milliseconds at which the fact became known. */
  time: z.number(),
  /** Epoch milliseconds at which the log stored it. */
  recorded_at: z.number(),
  actor: z.string(),
  /** Network address the request came from, where one did. */
  address: z.string().nullable(),
  account_name: z.string().nullable(),
  correlation_id: z.string(),
  causation_id: z.string(),
  data: eventData,
})
export type AuditRow = z.infer<typeof auditRow>

export const auditPage = z.object({
  data: z.array(auditRow),
  pagination: z.object({ limit: z.number(), has_more: z.boolean(), next_cursor: z.string().nullable() }),
})
export type AuditPage = z.infer<typeof auditPage>

/** What came directly before: another event, or a request of somebody. */
const whyCause = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), event_id: z.string(), type: z.string() }),
  z.object({
    kind: z.literal('request'),
    request_id: z.string(),
    correlation_id: z.string(),
    actor: z.string(),
    address: z.string().nullable(),
  }),
])

export const whyStep = z.object({
  event_id: z.string(),
  type: z.string(),
  stream_id: z.string(),
  version: z.number(),
  /** Epoch milliseconds at which the fact became known. */
  time: z.number(),
  actor: z.string(),
  /** In words. */
  what: z.string(),
  caused_by: whyCause,
  data: eventData,
})
export type WhyStep = z.infer<typeof whyStep>

export const orderWhy = z.object({
  order_id: z.string(),
  /** From the request to where the order is now, in words. */
  summary: z.string(),
  request: z.object({
    request_id: z.string(),
    correlation_id: z.string(),
    actor: z.string(),
    /** Null when nobody outside asked, and for orders from before addresses were kept. */
    address: z.string().nullable(),
    /** Epoch milliseconds. */
    time: z.number(),
  }),
  /** What was known of the market when the order was submitted; null when nothing was, or when it was not kept yet. */
  market: z
    .object({
      bid: z.string().nullable(),
      ask: z.string().nullable(),
      last: z.string().nullable(),
      /** Epoch milliseconds of these prices. */
      time: z.number(),
    })
    .nullable(),
  market_in_words: z.string(),
  fills: z.array(z.object({ trade_id: z.string(), event_id: z.string(), amount: z.string(), price: z.string() })),
  /** Newest first, down to the request: each step's cause is a later one of the list, or the request. */
  steps: z.array(whyStep),
})
export type OrderWhy = z.infer<typeof orderWhy>
