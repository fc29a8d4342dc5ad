import type { DomainEvent, EventLog, Fence } from '@colibri/event-log'
import { z } from 'zod'
import { guardEventOf } from '../guards/guard.ts'
import type { AccountLeases } from './account-leases.ts'

/** The log as the writer of accounts has it: every append carries the fence of the lease it is made under. */
export interface OwnLogs {
  /** Of one account. */
  of(accountName: string): EventLog
  /** Of whichever account the events name. */
  readonly byAccount: EventLog
  /** The same, also for accounts that nobody has yet, or any more. */
  readonly ofAccounts: EventLog
  /** Of the guard the events are of: its account's, or that of all accounts. */
  readonly ofGuards: EventLog
}

const named = z.object({ accountName: z.string() })

const fenced = (
  log: EventLog,
  leases: AccountLeases,
  fence: (events: readonly DomainEvent[]) => Fence | undefined,
): EventLog => ({
  ...log,
  append: async (streamId, events, expectedVersion) => {
    try {
      return await log.append(streamId, events, expectedVersion, fence(events))
    } catch (error) {
      leases.lost(error)
      throw error
    }
  },
})

export const ownLogs = (log: EventLog, leases: AccountLeases): OwnLogs => {
  const accountOf = (events: readonly DomainEvent[]): string => named.parse(events[0]?.data).accountName
  return {
    of: (accountName) => fenced(log, leases, () => leases.fence(accountName)),
    byAccount: fenced(log, leases, (events) => leases.fence(accountOf(events))),
    ofAccounts: fenced(log, leases, (events) => {
      const accountName = accountOf(events)
      return leases.holds(accountName) ? leases.fence(accountName) : undefined
    }),
    ofGuards: fenced(log, leases, ([first]) => {
      if (first === undefined) return undefined
      const { type, data } = guardEventOf(first)
      // That an order was refused is said by who has its account, whichever limit it was.
      if (type === 'OrderLimitBreached') return leases.fence(data.accountName)
      return data.scope.kind === 'portfolio' ? leases.keeperFence() : leases.fence(data.scope.accountName)
    }),
  }
}
