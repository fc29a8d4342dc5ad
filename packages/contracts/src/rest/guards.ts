import { z } from 'zod'
import { decimal, integer, literal, model, nullable, text } from './types.ts'

/** `/guards`: limits on orders and the kill switch, for one account or for all. */

export const guardPath = model({ account_name: text() })

/** Null, the default of each, is no limit. Notionals, loss and drawdown are in USDT. */
export const guardLimitsRequest = model({
  max_order_notional: nullable(decimal({ gt: 0 })),
  max_open_notional: nullable(decimal({ gt: 0 })),
  max_orders_per_minute: nullable(integer({ ge: 1, le: 1_000_000 })),
  max_loss: nullable(decimal({ gt: 0 })),
  max_drawdown: nullable(decimal({ gt: 0 })),
  loss_ladder: literal('pause', 'cancel', 'flatten').default('cancel'),
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
    max_loss: z.string().nullable(),
    max_drawdown: z.string().nullable(),
    loss_ladder: z.enum(['pause', 'cancel', 'flatten']),
  }),
  /** What the limits on losses see, in USDT; null without such a limit. */
  equity: z
    .object({
      /** Null until it was told for the first time. */
      equity: z.string().nullable(),
      start: z.string().nullable(),
      peak: z.string().nullable(),
      /** Epoch milliseconds of that equity. */
      seen_at: z.number().nullable(),
      /** Epoch milliseconds since when equity cannot be told; null while it can. */
      blind_since: z.number().nullable(),
      blind_reason: z.string().nullable(),
      /** `<connector> <token>` without any price: not counted. */
      unpriced: z.array(z.string()),
    })
    .nullable(),
  state: z.enum(['armed', 'halting', 'halted']),
  ladder: z.enum(['pause', 'cancel', 'flatten']).nullable(),
  reason: z.string().nullable(),
})
export type GuardView = z.infer<typeof guardView>
