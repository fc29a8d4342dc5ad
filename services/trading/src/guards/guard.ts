import { type GuardEvent, type GuardLimits, type GuardScope, guardEvents, type HaltLadder } from '@colibri/contracts'
import type { DomainEvent } from '@colibri/event-log'

/** `halting`: clients' orders are refused while the ladder is gone down. `halted`: it is done. Re-armed by hand only. */
export type Halt =
  | { readonly kind: 'none' }
  | { readonly kind: 'halting' | 'halted'; readonly ladder: HaltLadder; readonly reason: string; readonly id: string }

export interface Guard {
  readonly scope: GuardScope
  readonly limits: GuardLimits
  readonly halt: Halt
}

export const NO_LIMITS: GuardLimits = { maxOrderNotional: null, maxOpenNotional: null, maxOrdersPerMinute: null }

/** Guards by the text of their scope. */
export type Guards = ReadonlyMap<string, Guard>

export const scopeKey = (scope: GuardScope): string =>
  scope.kind === 'portfolio' ? 'portfolio' : `account ${scope.accountName}`

export const guardOf = (guards: Guards, scope: GuardScope): Guard =>
  guards.get(scopeKey(scope)) ?? { scope, limits: NO_LIMITS, halt: { kind: 'none' } }

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
    default:
      throw new TypeError(`${type} is no event of a guard`)
  }
}

/** The guards after one more event; `id` is the event's own. */
export const evolveGuards = (guards: Guards, event: GuardEvent, id: string): Guards => {
  if (event.type === 'OrderLimitBreached') return guards
  const guard = guardOf(guards, event.data.scope)
  const changed = (change: Partial<Guard>): Guards =>
    new Map(guards).set(scopeKey(guard.scope), { ...guard, ...change })
  switch (event.type) {
    case 'GuardLimitsSet':
      return changed({ limits: event.data.limits })
    case 'HaltRequested':
      return changed({ halt: { kind: 'halting', ladder: event.data.ladder, reason: event.data.reason, id } })
    case 'TradingHalted':
      return guard.halt.kind === 'halting' ? changed({ halt: { ...guard.halt, kind: 'halted' } }) : guards
    case 'TradingRearmed':
      return changed({ halt: { kind: 'none' } })
  }
}
