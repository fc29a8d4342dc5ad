import { z } from 'zod'
import { driftEvents } from '../events/drift.ts'
import { guardEvents } from '../events/guard.ts'
import { orderEvents } from '../events/order.ts'
import { anything, integer, list, literal, markConfidential, model, nullable, text } from './types.ts'

/** `/webhooks`: events of the log posted to addresses of the user's. */

/** What may be subscribed to, and the types of event behind each. */
export const webhookEventTypes = {
  order: Object.keys(orderEvents).filter((type) => type !== 'OrderFilled'),
  fill: ['OrderFilled'],
  guard: Object.keys(guardEvents).filter((type) => type !== 'EquityMarked'),
  drift: Object.keys(driftEvents).filter((type) => type === 'DriftDetected'),
} as const satisfies Readonly<Record<string, readonly string[]>>
export type WebhookEvents = keyof typeof webhookEventTypes

export const webhookPath = model({ webhook_id: text() })

/** What is left out stays as it is; of a new webhook `url` must be there, and `events` is everything. */
export const webhookRequest = markConfidential(
  model({
    url: nullable(text({ maxLength: 2_048 })),
    name: nullable(text({ maxLength: 100 })),
    events: nullable(list(literal('order', 'fill', 'guard', 'drift'), { minLength: 1, maxLength: 4 })),
    /** Checked where no refusal repeats it. */
    secret: nullable(anything()),
  }),
)
export type WebhookRequest = z.infer<typeof webhookRequest>

export const resumeRequest = model({ from: literal('position', 'now').default('position') })
export type ResumeRequest = z.infer<typeof resumeRequest>

export const deliveriesQuery = model({ limit: integer({ ge: 1, le: 200 }).default(50) })

export const webhookView = z.object({
  id: z.string(),
  name: z.string(),
  /** Null when it cannot be decrypted with this CONFIG_PASSWORD. */
  url: z.string().nullable(),
  events: z.array(z.enum(['order', 'fill', 'guard', 'drift'])),
  state: z.enum(['active', 'paused']),
  paused_reason: z.string().nullable(),
  /** Place in the log up to which everything was delivered. */
  position: z.string(),
  /** Deliveries so far. */
  delivered: z.number(),
  /** Failures in a row; 0 while all is well. */
  attempts: z.number(),
  /** Times are epoch milliseconds. */
  failing_since: z.number().nullable(),
  last_error: z.string().nullable(),
  last_delivered_at: z.number().nullable(),
  created_at: z.number(),
  created_by: z.string(),
})
export type WebhookView = z.infer<typeof webhookView>

/** Shown once: when it was made or changed. */
export const webhookCreated = webhookView.extend({ secret: z.string() })
export type WebhookCreated = z.infer<typeof webhookCreated>

export const webhookDelivery = z.object({
  event_id: z.string(),
  event_type: z.string(),
  /** 1 for the first. */
  attempt: z.number(),
  delivered: z.boolean(),
  /** HTTP status of the answer; null without one. */
  status: z.number().nullable(),
  error: z.string().nullable(),
  duration_ms: z.number(),
  at: z.number(),
})
export type WebhookDelivery = z.infer<typeof webhookDelivery>

export const webhookTest = webhookDelivery.pick({
  event_id: true,
  delivered: true,
  status: true,
  error: true,
  duration_ms: true,
})
export type WebhookTest = z.infer<typeof webhookTest>
