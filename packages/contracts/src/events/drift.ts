import { z } from 'zod'
import type { EventOf } from './event-of.ts'
import { decimalText } from './order.ts'

/**
 * What the log and a venue may disagree about. `order`: whether an order is open. `fill`: how much of it is filled.
 * `external-order`: an order that was not placed here. `balance`: a token's total. `position`: its size.
 */
export const driftKind = z.enum(['order', 'fill', 'external-order', 'balance', 'position'])
export type DriftKind = z.infer<typeof driftKind>

/** What makes the two agree again: docs/reconciliation.md has the rule for each kind. */
export const driftRepair = z.enum([
  'order-settled',
  'order-reopened',
  'cancelled-at-venue',
  'fills-recorded',
  'order-recorded',
  'venue-taken',
])
export type DriftRepair = z.infer<typeof driftRepair>

export const driftEvents = {
  /** The log said one thing, the venue another. */
  DriftDetected: z.object({
    accountName: z.string(),
    connectorName: z.string(),
    kind: driftKind,
    /** Id of the order, the token, or the position's side: LONG, SHORT, or BOTH where one position holds either direction. */
    subject: z.string(),
    /** Null for a balance. */
    tradingPair: z.string().nullable(),
    /** By the log: a status, a filled amount, a total, a signed size; null where the log knew nothing. */
    ours: z.string().nullable(),
    /** By the venue, in the same words. */
    venue: z.string(),
    /** Venue less log, where both are amounts. */
    difference: decimalText.nullable(),
    repair: driftRepair,
  }),
  /**
   * From here on balances are expected to be these plus what the log records. `first-look`: the account was not known before.
   * `rolled`: nothing differed. `blurred`: it could not be told whether a fill was in the numbers before. `position-taken`: a position was found to have
   * another size, and what it cost with it.
   */
  BalancesConfirmed: z.object({
    accountName: z.string(),
    connectorName: z.string(),
    reason: z.enum(['first-look', 'rolled', 'blurred', 'position-taken']),
    /** Epoch milliseconds of the look. */
    at: z.number().int(),
    /** The newest fill or funding payment that is in the numbers, epoch milliseconds by the venue's clock; 0 for none. */
    through: z.number().int(),
    tokens: z.array(
      z.object({
        token: z.string(),
        /** The total; of perpetuals without what open positions cost to enter. */
        cash: decimalText,
        /** How far open positions may have moved the number. */
        slack: decimalText,
      }),
    ),
  }),
} as const

export type DriftEvent = EventOf<typeof driftEvents>
export type DriftDetected = Readonly<z.infer<typeof driftEvents.DriftDetected>>
export type BalancesConfirmed = Readonly<z.infer<typeof driftEvents.BalancesConfirmed>>

/** The stream of one account at one connector. */
export const driftStream = (accountName: string, connectorName: string): string =>
  `drift-${accountName}-${connectorName}`
