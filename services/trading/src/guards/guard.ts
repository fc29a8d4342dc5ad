import {
  type EquityMarks,
  type GuardEvent,
  type GuardLimits,
  type GuardScope,
  guardEvents,
  type HaltLadder,
} from '@colibri/contracts'
import type { DomainEvent } from '@colibri/event-log'
import { Exact } from '../decimal.ts'

/** `halting`: clients' orders are refused while the ladder is gone down. `halted`: it is done. Re-armed by hand only. */
export type Halt =
  | { readonly kind: 'none' }
  | { readonly kind: 'halting' | 'halted'; readonly ladder: HaltLadder; readonly reason: string; readonly id: string }

/** A watch over losses; it begins with the first equity that can be told after the limit was set or trading was re-armed. */
export interface LossWatch {
  /** The event that asked for it. */
  readonly id: string
  readonly marks: EquityMarks | null
}

export interface Guard {
  readonly scope: GuardScope
  readonly limits: GuardLimits
  readonly halt: Halt
  /** Null: no limit on losses. */
  readonly watch: LossWatch | null
}

export const NO_LIMITS: GuardLimits = {
  maxOrderNotional: null,
  maxOpenNotional: null,
  maxOrdersPerMinute: null,
  maxLoss: null,
  maxDrawdown: null,
  lossLadder: 'cancel',
}

/** Guards by the text of their scope. */
export type Guards = ReadonlyMap<string, Guard>

export const scopeKey = (scope: GuardScope): string =>
  scope.kind === 'portfolio' ? 'portfolio' : `account ${scope.accountName}`

export const guardOf = (guards: Guards, scope: GuardScope): Guard =>
  guards.get(scopeKey(scope)) ?? { scope, limits: NO_LIMITS, halt: { kind: 'none' }, watch: null }

/** The guards an order of this account must pass. */
export const guardsOver = (guards: Guards, accountName: string): readonly Guard[] => [
  guardOf(guards, { kind: 'portfolio' }),
  guardOf(guards, { kind: 'account', accountName }),
]

export const guardEventOf = ({ type, data }: DomainEvent): GuardEvent => {
  switch (type) {
    case 'GuardLimitsSet':
      return { type, data: guardEvents.GuardLimitsSet.parse(data) }
    case 'HaltRequested':
      return { type, data: guardEvents.HaltRequested.parse(data) }
    case 'TradingHalted':
      return { type, data: guardEvents.TradingHalted.parse(data) }
    case 'TradingRearmed':
      return { type, data: guardEvents.TradingRearmed.parse(data) }
    case 'OrderLimitBreached':
      return { type, data: guardEvents.OrderLimitBreached.parse(data) }
    case 'EquityMarked':
      return { type, data: guardEvents.EquityMarked.parse(data) }
    case 'LossLimitBreached':
      return { type, data: guardEvents.LossLimitBreached.parse(data) }
    default:
      throw new TypeError(`${type} is no event of a guard`)
  }
}

const isSameAmount = (a: string | null, b: string | null): boolean =>
  a === null || b === null ? a === b : new Exact(a).eq(b)

/** A watch goes on while its amounts stay what they are, so that saying the same limits again forgives no loss. */
const watchUnder = ({ limits: before, watch }: Guard, limits: GuardLimits, id: string): LossWatch | null => {
  if (limits.maxLoss === null && limits.maxDrawdown === null) return null
  const same = isSameAmount(before.maxLoss, limits.maxLoss) && isSameAmount(before.maxDrawdown, limits.maxDrawdown)
  return same && watch !== null ? watch : { id, marks: null }
}

/** The guards after one more event; `id` is the event's own. */
export const evolveGuards = (guards: Guards, event: GuardEvent, id: string): Guards => {
  if (event.type === 'OrderLimitBreached' || event.type === 'LossLimitBreached') return guards
  const guard = guardOf(guards, event.data.scope)
  const changed = (change: Partial<Guard>): Guards =>
    new Map(guards).set(scopeKey(guard.scope), { ...guard, ...change })
  switch (event.type) {
    case 'GuardLimitsSet':
      return changed({ limits: event.data.limits, watch: watchUnder(guard, event.data.limits, id) })
    case 'HaltRequested':
      return changed({ halt: { kind: 'halting', ladder: event.data.ladder, reason: event.data.reason, id } })
    case 'TradingHalted':
      return guard.halt.kind === 'halting' ? changed({ halt: { ...guard.halt, kind: 'halted' } }) : guards
    case 'TradingRearmed':
      return changed({ halt: { kind: 'none' }, watch: guard.watch === null ? null : { id, marks: null } })
    case 'EquityMarked':
      return guard.watch?.id === event.data.watch
        ? changed({ watch: { ...guard.watch, marks: event.data.marks } })
        : guards
  }
}
