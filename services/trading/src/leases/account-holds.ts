import { setTimeout as sleep } from 'node:timers/promises'
import { type Fence, FencedOff, type Lease, type LeaseTable } from '@colibri/event-log'
import type { AccountLeasesDeps } from './account-leases.ts'
import { accountLease, accountOf } from './lease-names.ts'
import { type Instant, type Term, termOf } from './term.ts'

export interface Hold {
  readonly token: number
  readonly soleSince: number
  readonly term: Term
  readonly phase: 'adopting' | 'held' | 'giving'
  readonly requests: number
  /** Resolves at the next change of phase, and when the hold ends. */
  readonly changed: PromiseWithResolvers<void>
}
type Changing = { -readonly [Field in keyof Hold]: Hold[Field] }

export interface AccountHoldsDeps
  extends Pick<AccountLeasesDeps, 'owner' | 'adopt' | 'drained' | 'abandon' | 'now' | 'background' | 'logger'> {
  run<T>(work: (table: LeaseTable) => Promise<T>): Promise<T>
  announce(): Promise<void>
  /** Aborts when nothing is to be taken any more. */
  readonly stopping: AbortSignal
}

/** The accounts that are held here, each from when it is taken until it is given away or lost. */
export interface AccountHolds {
  readonly all: ReadonlyMap<string, Hold>
  /** Takes the account if it is free; it is adopted behind the reply. */
  claim(account: string): Promise<void>
  /** Gives the account back when nothing is under way for it. */
  give(account: string): Promise<void>
  enter(account: string): { end(): void } | undefined
  /** Takes in what a renewal that was asked for at this instant has found. */
  renewed(table: LeaseTable, leases: ReadonlyMap<string, Lease>, asked: Instant): Promise<void>
  /** An append was refused: the account has another owner. */
  fencedOff(fence: Fence): void
  forgetAll(): void
}

const ADOPT_AGAIN_MS = 250

export const accountHolds = (deps: AccountHoldsDeps): AccountHolds => {
  const { owner, run, stopping, logger, background } = deps
  const held = new Map<string, Changing>()
  /** What is still being closed of an account that was lost: it must not be opened again before. */
  const closing = new Map<string, Promise<void>>()

  const phase = (hold: Changing, next: Hold['phase']): void => {
    hold.phase = next
    hold.changed.resolve()
    hold.changed = Promise.withResolvers()
  }

  const end = (account: string, hold: Hold): void => {
    if (held.get(account) !== hold) return
    held.delete(account)
    hold.changed.resolve()
  }

  /** Somebody else has it: nothing may be done for it any more, and nothing that is known of it is true any longer. */
  const lose = (account: string, hold: Hold): void => {
    if (held.get(account) !== hold) return
    end(account, hold)
    logger.warn(`account '${account}' was taken over by another trading process`)
    const closed = deps.abandon(account).finally(() => closing.delete(account))
    closing.set(account, closed)
    background(`letting go of account ${account}`, closed)
  }

  const adopt = async (account: string, hold: Changing): Promise<void> => {
    while (held.get(account) === hold && !stopping.aborted) {
      try {
        await closing.get(account)?.catch(() => undefined)
        await deps.adopt(account)
        if (held.get(account) === hold && hold.phase === 'adopting') phase(hold, 'held')
        return
      } catch (error) {
        if (error instanceof FencedOff) return lose(account, hold)
        logger.warn(`account '${account}' could not be taken in, trying again: ${String(error)}`)
        await sleep(ADOPT_AGAIN_MS)
      }
    }
  }

  return {
    all: held,

    async claim(account) {
      if (stopping.aborted) return
      await run(async (table) => {
        if (held.has(account)) return
        const asked = deps.now()
        const taken = await table.take(accountLease(account))
        if (taken === undefined) return
        const hold: Changing = {
          token: taken.token,
          term: termOf(asked, owner.ttlMs),
          soleSince: taken.formerMs === null ? 0 : Date.now() + taken.formerMs,
          phase: 'adopting',
          requests: 0,
          changed: Promise.withResolvers(),
        }
        held.set(account, hold)
        background(`taking in account ${account}`, adopt(account, hold))
      })
    },

    async give(account) {
      const hold = held.get(account)
      if (hold === undefined || hold.phase !== 'held') return
      phase(hold, 'giving')
      const isMine = (): boolean => held.get(account) === hold
      while (hold.requests > 0 && isMine()) await hold.changed.promise
      await deps.drained(account)
      // Taken over meanwhile: then it is being let go of already.
      if (!isMine()) return
      await deps.abandon(account)
      end(account, hold)
      await run((table) => table.release(accountLease(account), hold.token))
      await deps.announce()
      logger.info(`account '${account}' was given to another trading process`)
    },

    enter(account) {
      const hold = held.get(account)
      if (hold?.phase !== 'held') return undefined
      hold.requests += 1
      return {
        end: () => {
          hold.requests -= 1
          if (hold.requests === 0 && hold.phase === 'giving') phase(hold, 'giving')
        },
      }
    },

    async renewed(table, leases, asked) {
      for (const [account, hold] of held) {
        const row = leases.get(accountLease(account))
        if (row?.owner === owner.id && row.token === hold.token) hold.term = termOf(asked, owner.ttlMs)
        else lose(account, hold)
      }
      // What could not be given back while the database was away.
      for (const { name, token, owner: of } of leases.values()) {
        const account = accountOf(name)
        if (of === owner.id && account !== undefined && !held.has(account)) await table.release(name, token)
      }
    },

    fencedOff(fence) {
      for (const [account, hold] of held) {
        if (accountLease(account) === fence.lease && hold.token === fence.token) lose(account, hold)
      }
    },

    forgetAll: () => held.clear(),
  }
}
