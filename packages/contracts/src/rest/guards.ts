import { z } from 'zod'
import { decimal, integer, literal, model, nullable, text } from './types.ts'

/** `/guards`: limits on orders and the kill switch, for one account or for all. */

export const guardPath = model({ account_name: text() })

/** Null, the default of each, is no limit. Notionals are in USDT. */
export const guardLimitsRequest = model({
  max_order_notional: nullable(decimal({ gt: 0 })),
  max_open_notional: nullable(decimal({ gt: 0 })),
  max_orders_per_minute: nullable(integer({ ge: 1, le: 1_000_000 })),
})
export type GuardLimitsRequest = z.infer<typeof guardLimitsRequest>

export const haltRequest = model({
  ladder: literal('pause', 'cancel', 'flatten').default('pause'),
  reason: text().default('halted by hand'),
})
export type HaltRequest = z.infer<typeof haltRequest>

export const guardView = z.object({
  /** Null for the guard over all accounts. */
  account_name: z.string().nullable(),
  limits: z.object({
    max_order_notional: z.string().nullable(),
    max_open_notional: z.string().nullable(),
    max_orders_per_minute: z.number().nullable(),
  }),
  state: z.enum(['armed', 'halting', 'halted']),
  ladder: z.enum(['pause', 'cancel', 'flatten']).nullable(),
  reason: z.string().nullable(),
})
export type GuardView = z.infer<typeof guardView>
