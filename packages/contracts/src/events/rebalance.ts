import { z } from 'zod'
import type { EventOf } from './event-of.ts'
import { decimalText } from './order.ts'

/** One order of a plan. Market orders on spot. */
export const rebalanceOrder = z.object({
  /** Its place in the plan: sells first. With the plan's id it is the order's idempotency key. */
  index: z.number().int(),
  accountName: z.string(),
  tradingPair: z.string(),
  tradeType: z.enum(['BUY', 'SELL']),
  /** Base units, quantised to the venue's rules. */
  amount: decimalText,
  /** What it was planned with, quote per base. */
  price: decimalText,
  /** amount × price, in quote. */
  notional: decimalText,
  feeEstimate: decimalText,
  /** What the venue takes at least. */
  minOrderSize: decimalText,
  minNotionalSize: decimalText,
})
export type RebalanceOrder = Readonly<z.infer<typeof rebalanceOrder>>

/** What stands in the way of a weight. */
export const rebalanceObstacle = z.object({
  accountName: z.string(),
  token: z.string(),
  reason: z.enum(['no-pair', 'no-price', 'locked', 'dust', 'max-order-size', 'guard', 'no-funds']),
  detail: z.string(),
})
export type RebalanceObstacle = Readonly<z.infer<typeof rebalanceObstacle>>

export const rebalanceToken = z.object({
  token: z.string(),
  units: decimalText,
  available: decimalText,
  /** Quote for one unit; 1 for the quote token. */
  price: decimalText,
  value: decimalText,
  /** Fractions of the account's total. */
  weight: decimalText,
  target: decimalText,
  /** As planned, at the same prices. */
  after: decimalText,
})

export const rebalanceAccount = z.object({
  accountName: z.string(),
  /** In quote, of everything that has a price. */
  total: decimalText,
  tokens: z.array(rebalanceToken),
})
export type RebalanceAccount = Readonly<z.infer<typeof rebalanceAccount>>

export const rebalancePlan = z.object({
  connectorName: z.string(),
  quoteToken: z.string(),
  /** Target weights by token, what was left of 1 given to the quote token. */
  weights: z.record(z.string(), decimalText),
  feeRate: decimalText,
  feeRateFrom: z.enum(['request', 'fills', 'default']),
  /** Share of the money at hand that buys leave alone, for prices that move meanwhile. */
  reserve: decimalText,
  minOrderNotional: decimalText,
  accounts: z.array(rebalanceAccount),
  orders: z.array(rebalanceOrder),
  obstacles: z.array(rebalanceObstacle),
})
export type RebalancePlan = Readonly<z.infer<typeof rebalancePlan>>

export const rebalanceEvents = {
  /** A plan that is to be carried out: stored before its first order is sent. */
  RebalancePlanned: z.object({
    planId: z.string(),
    plan: rebalancePlan,
    /** The request it was made for, to tell a repeat from another one under the same key. */
    request: z.string(),
  }),
  /** The sells are over: the buys with what came. Under the plan's indexes; what is missing is not bought. */
  RebalanceBuysSized: z.object({ buys: z.array(rebalanceOrder), obstacles: z.array(rebalanceObstacle) }),
  RebalanceOrderPlaced: z.object({ index: z.number().int(), clientOrderId: z.string() }),
  RebalanceOrderRefused: z.object({ index: z.number().int(), reason: z.string() }),
  /** The order is over, filled or not. */
  RebalanceOrderFinished: z.object({ index: z.number().int(), status: z.string(), filledAmount: decimalText }),
  RebalanceCompleted: z.object({}),
  /** Nothing more of the plan is sent. */
  RebalanceStopped: z.object({ reason: z.string() }),
} as const

export type RebalanceEvent = EventOf<typeof rebalanceEvents>

/** The stream of one plan. */
export const rebalanceStream = (planId: string): string => `rebalance-${planId}`
