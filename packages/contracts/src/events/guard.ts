import { z } from 'zod'
import { decimalText } from './order.ts'

/** `portfolio` is all accounts together; an account is named. */
export const guardScope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('portfolio') }),
  z.object({ kind: z.literal('account'), accountName: z.string() }),
])
export type GuardScope = z.infer<typeof guardScope>

/** Null: no limit. Notionals are in USDT. */
export const guardLimits = z.object({
  maxOrderNotional: decimalText.nullable(),
  maxOpenNotional: decimalText.nullable(),
  maxOrdersPerMinute: z.number().int().nullable(),
})
export type GuardLimits = z.infer<typeof guardLimits>

/** How far a halt goes: no new orders; also cancel what is open; also close perpetual positions. */
export const haltLadder = z.enum(['pause', 'cancel', 'flatten'])
export type HaltLadder = z.infer<typeof haltLadder>

export const guardEvents = {
  GuardLimitsSet: z.object({ scope: guardScope, limits: guardLimits }),
  /** From here on no client's order is sent. */
  HaltRequested: z.object({ scope: guardScope, ladder: haltLadder, reason: z.string() }),
  /** The ladder has been gone down: from here on nothing at all is sent that creates an order. */
  TradingHalted: z.object({
    scope: guardScope,
    /** Orders and positions that were still open when the ladder's time was over. */
    ordersLeft: z.number().int(),
    positionsLeft: z.number().int(),
  }),
  TradingRearmed: z.object({ scope: guardScope }),
  /** An order was refused. */
  OrderLimitBreached: z.object({
    scope: guardScope,
    limit: z.enum(['maxOrderNotional', 'maxOpenNotional', 'maxOrdersPerMinute']),
    allowed: z.string(),
    asked: z.string(),
    accountName: z.string(),
    connectorName: z.string(),
    tradingPair: z.string(),
  }),
} as const

export type GuardEvent = {
  [Type in keyof typeof guardEvents]: {
    readonly type: Type
    readonly data: Readonly<z.infer<(typeof guardEvents)[Type]>>
  }
}[keyof typeof guardEvents]

/** All guards of the installation: one stream, because the portfolio's guard sees every account. */
export const guardsStream = 'guard-trading'
