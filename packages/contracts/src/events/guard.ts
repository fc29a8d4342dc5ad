import { z } from 'zod'
import type { EventOf } from './event-of.ts'
import { decimalText } from './order.ts'

/** `portfolio` is all accounts together; an account is named. */
export const guardScope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('portfolio') }),
  z.object({ kind: z.literal('account'), accountName: z.string() }),
])
export type GuardScope = z.infer<typeof guardScope>

/** How far a halt goes: no new orders; also cancel what is open; also close perpetual positions. */
export const haltLadder = z.enum(['pause', 'cancel', 'flatten'])
export type HaltLadder = z.infer<typeof haltLadder>

/** Null: no limit. Notionals, loss and drawdown are in USDT. */
export const guardLimits = z.object({
  maxOrderNotional: decimalText.nullable(),
  maxOpenNotional: decimalText.nullable(),
  maxOrdersPerMinute: z.number().int().nullable(),
  /** From the equity at which the watch began. The oldest events know no limits on losses. */
  maxLoss: decimalText.nullable().default(null),
  /** From the highest equity since then. */
  maxDrawdown: decimalText.nullable().default(null),
  /** What a breach of these two does. */
  lossLadder: haltLadder.default('cancel'),
})
export type GuardLimits = z.infer<typeof guardLimits>

/** What a watch over losses measures against, in USDT. */
export const equityMarks = z.object({
  start: decimalText,
  peak: decimalText,
  /** What equity is made of: a connector that comes or goes moves money, it makes none. */
  holdings: z.array(z.object({ accountName: z.string(), connectorName: z.string(), worth: decimalText })),
  /** `<connector> <token>` that nobody could price when the watch began: left out of equity for all of it. */
  unpriced: z.array(z.string()),
})
export type EquityMarks = Readonly<z.infer<typeof equityMarks>>

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
  /** A watch over losses has a new start or peak. `watch`: the event that began it, a change of the limits or a re-arm. */
  EquityMarked: z.object({
    scope: guardScope,
    watch: z.string(),
    reason: z.enum(['began', 'peak', 'transfer']),
    equity: decimalText,
    marks: equityMarks,
  }),
  /** Followed by the halt it asks for. */
  LossLimitBreached: z.object({
    scope: guardScope,
    watch: z.string(),
    limit: z.enum(['maxLoss', 'maxDrawdown']),
    equity: decimalText,
    /** The start, or the peak, that equity fell from. */
    reference: decimalText,
    allowed: decimalText,
  }),
} as const

export type GuardEvent = EventOf<typeof guardEvents>

/** All guards of the installation: one stream, because the portfolio's guard sees every account. */
export const guardsStream = 'guard-trading'
