import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from '@colibri/event-log'
import type { AccountHolds } from './account-holds.ts'
import type { AccountLeases, AccountLeasesDeps, Located } from './account-leases.ts'
import { accountMoved } from './account-moved.ts'
import { accountLease, KEEPER } from './lease-names.ts'

export interface LocateAccountDeps extends Pick<AccountLeasesDeps, 'owner' | 'exists' | 'together'> {
  readonly holds: AccountHolds
  /** Who holds what, as of the last look. */
  leases(): ReadonlyMap<string, Lease>
  isKeeper(): boolean
  look(): Promise<void>
}

const LOCATE_MS = 10_000
/** How often a change of owner is looked for while a request waits for one. */
const LOOK_EVERY_MS = 100

/** Finds the process that requests belong to. */
export const locateAccount = (
  deps: LocateAccountDeps,
): Pick<AccountLeases, 'locate' | 'locateKeeper' | 'addressOf'> => {
  const { holds, look, isKeeper } = deps

  const elsewhere = (name: string): Extract<Located, { readonly kind: 'elsewhere' }> | undefined => {
    const lease = deps.leases().get(name)
    return lease?.held === true && lease.owner !== deps.owner.id && lease.address !== null
      ? { kind: 'elsewhere', address: lease.address }
      : undefined
  }

  const locateKeeper = async (): Promise<Located> => {
    for (const deadline = Date.now() + LOCATE_MS; ; ) {
      if (isKeeper()) return { kind: 'here' }
      const found = elsewhere(KEEPER)
      if (found !== undefined) return found
      if (Date.now() > deadline) throw accountMoved('all')
      await look()
      if (!isKeeper() && elsewhere(KEEPER) === undefined) await sleep(LOOK_EVERY_MS)
    }
  }

  return {
    locateKeeper,

    async locate(account) {
      const lease = accountLease(account)
      for (const deadline = Date.now() + LOCATE_MS; ; ) {
        const hold = holds.all.get(account)
        if (hold?.phase === 'held') return { kind: 'here' }
        if (Date.now() > deadline) throw accountMoved(account)
        if (hold !== undefined) {
          await Promise.race([hold.changed.promise, sleep(LOCATE_MS, undefined, { ref: false })])
          continue
        }
        const found = elsewhere(lease)
        if (found !== undefined) return found
        if (!(await deps.exists(account))) return { kind: 'nowhere' }
        await look()
        if (elsewhere(lease) !== undefined) continue
        if (deps.together()) {
          const keeps = await locateKeeper()
          if (keeps.kind === 'elsewhere') return keeps
        }
        await holds.claim(account)
        if (!holds.all.has(account)) await sleep(LOOK_EVERY_MS)
      }
    },

    addressOf: (subject) => elsewhere(subject.kind === 'account' ? accountLease(subject.accountName) : KEEPER)?.address,
  }
}
