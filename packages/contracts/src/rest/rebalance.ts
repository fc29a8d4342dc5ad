import { z } from 'zod'
import { bool, decimal, dict, list, model, nullable, text } from './types.ts'

/** `/portfolio/rebalance`: orders that bring spot holdings to target weights. */

export const rebalanceRequest = model({
  /** Each is brought to the weights by itself; null: all that have keys for the connector. */
  account_names: nullable(list(text({ minLength: 1 }), { minLength: 1 })),
  connector_name: text({ minLength: 1 }),
  /** Fractions by token. What is left of 1 stays in the quote token; a token that is not named is sold. */
  target_weights: dict(decimal({ ge: 0, le: 1 })),
  quote_token: text({ minLength: 1 }).default('USDT'),
  /** Neither traded nor counted. */
  exclude_tokens: list(text()).default([]),
  /** Smaller orders are not made, besides those the venue would refuse. */
  min_order_notional: nullable(decimal({ ge: 0 })),
  /** Of the notional, for estimates; default: what the account's fills of late cost, else 0.001. */
  fee_rate: nullable(decimal({ ge: 0, lt: 1 })),
  reserve: decimal({ ge: 0, lt: 1 }).default('0.002'),
  dry_run: bool().default(true),
})
export type RebalanceRequest = z.infer<typeof rebalanceRequest>

export const rebalancePath = model({ plan_id: text() })

const order = z.object({
  index: z.number(),
  account_name: z.string(),
  trading_pair: z.string(),
  trade_type: z.enum(['BUY', 'SELL']),
  amount: z.string(),
  price: z.string(),
  notional: z.string(),
  fee_estimate: z.string(),
  min_order_size: z.string(),
  min_notional_size: z.string(),
  /** `planned`, `placed`, `refused`, `dropped` (no money came for it), or how the order ended. */
  status: z.string(),
  client_order_id: z.string().nullable(),
  filled_amount: z.string().nullable(),
  reason: z.string().nullable(),
})

/** All amounts are exact decimal text. */
export const rebalanceResponse = z.object({
  /** Null for a dry run. */
  plan_id: z.string().nullable(),
  state: z.enum(['dry-run', 'selling', 'buying', 'completed', 'stopped']),
  /** Why it stopped. */
  reason: z.string().nullable(),
  connector_name: z.string(),
  quote_token: z.string(),
  target_weights: z.record(z.string(), z.string()),
  fee_rate: z.string(),
  fee_rate_from: z.enum(['request', 'fills', 'default']),
  reserve: z.string(),
  accounts: z.array(
    z.object({
      account_name: z.string(),
      total_value: z.string(),
      tokens: z.array(
        z.object({
          token: z.string(),
          units: z.string(),
          available: z.string(),
          price: z.string(),
          value: z.string(),
          weight: z.string(),
          target_weight: z.string(),
          weight_after: z.string(),
        }),
      ),
    }),
  ),
  orders: z.array(order),
  not_reached: z.array(
    z.object({ account_name: z.string(), token: z.string(), reason: z.string(), detail: z.string() }),
  ),
  /** Why the plan could not be carried out: halts, more orders than a guard allows in a minute. Empty when it could. */
  blocked_by: z.array(z.string()),
})
export type RebalanceResponse = z.infer<typeof rebalanceResponse>
