import { setTimeout as sleep } from 'node:timers/promises'
import { FencedOff, type Lease, type LeaseTable } from '@colibri/event-log'
import { BootError } from '@colibri/service-kit'
import { accountHolds } from './account-holds.ts'
import type { AccountLeases, AccountLeasesDeps } from './account-leases.ts'
import { accountMoved } from './account-moved.ts'
import { accountLease, accountOf, KEEPER, PREFIX, REPLICA } from './lease-names.ts'
import { type LeaseSession, NoLeaseSession } from './lease-session.ts'
import { locateAccount } from './locate-account.ts'
import { shareAccounts } from './share-accounts.ts'
import { isOver } from './term.ts'
import { createTicker } from './ticker.ts'

/** A sixth of the term: one renewal may fail, and the next, and the next. */
const RENEWALS = 6
/** Ticks after which a free account is taken by whoever sees it. */
const OVERDUE_TICKS = 3
const CONFIRM_MS = 2_000
const LEAVE_MS = 2_000
/** How often one that must be alone looks whether it is. */
const LOOK_EVERY_MS = 100

export const createAccountLeases = (deps: AccountLeasesDeps): AccountLeases => {
  const { owner, logger, background } = deps
  let keeper: { readonly token: number } | undefined
  let session: LeaseSession | undefined
  let leases: ReadonlyMap<string, Lease> = new Map()
  const freeFor = new Map<string, number>()
  /** Nothing is taken any more. */
  const stopping = new AbortController()
  let replicaToken: number | undefined

  const run = async <T>(work: (table: LeaseTable) => Promise<T>): Promise<T> => {
    if (session === undefined) throw new NoLeaseSession('this process has not joined the others yet')
    return session.run(work)
  }

  const others = (): readonly Lease[] => [...leases.values()].filter((lease) => lease.held && lease.owner !== owner.id)

  const holds = accountHolds({
    ...deps,
    run,
    announce: async () => session?.announce(),
    stopping: stopping.signal,
  })
  const held = holds.all

  const renewKeeper = async (table: LeaseTable): Promise<void> => {
    const row = leases.get(KEEPER)
    if (keeper !== undefined && row?.owner === owner.id && row.token === keeper.token) return
    if (keeper !== undefined && deps.mode === 'exclusive') deps.giveUp(refusal())
    keeper = undefined
    if ((row?.held === true && row.owner !== owner.id) || stopping.signal.aborted) return
    const taken = await table.take(KEEPER)
    if (taken === undefined) return
    keeper = { token: taken.token }
    deps.becameKeeper()
  }

  /** Renews, and learns who holds what. */
  const look = (): Promise<void> =>
    run(async (table) => {
      const asked = deps.now()
      const rows = await table.renew(PREFIX)
      leases = new Map(rows.map((row) => [row.name, row]))
      if (!leases.has(REPLICA + owner.id) && !stopping.signal.aborted) {
        replicaToken = (await table.take(REPLICA + owner.id))?.token
      }
      await holds.renewed(table, leases, asked)
      await renewKeeper(table)
      const gone = rows.filter(({ name, held }) => name.startsWith(REPLICA) && !held).map(({ name }) => name)
      if (gone.length > 0) await table.forget(gone)
    })

  /** From now on this process counts for nobody. */
  const releaseReplica = async (table: LeaseTable): Promise<void> => {
    if (replicaToken === undefined) return
    await table.release(REPLICA + owner.id, replicaToken)
    await table.forget([REPLICA + owner.id])
    replicaToken = undefined
  }

  const ownerOf = (account: string): string | undefined => {
    if (held.has(account)) return owner.id
    const lease = leases.get(accountLease(account))
    return lease?.held === true && lease.owner !== null && lease.owner !== owner.id ? lease.owner : undefined
  }

  const share = async (): Promise<void> => {
    if (stopping.signal.aborted) return
    const keeping = leases.get(KEEPER)
    const all = keeper !== undefined ? owner.id : keeping?.held === true ? (keeping.owner ?? undefined) : undefined
    // Until one is found that keeps them together, everything stays where it is.
    if (deps.together() && all === undefined) return
    const accounts = await deps.accounts()
    const owners = new Map(
      accounts.flatMap((account) => {
        const of = ownerOf(account)
        return of === undefined ? [] : [[account, of] as const]
      }),
    )
    for (const account of accounts) freeFor.set(account, owners.has(account) ? 0 : (freeFor.get(account) ?? 0) + 1)
    const replicas = others().flatMap(({ name }) => (name.startsWith(REPLICA) ? [name.slice(REPLICA.length)] : []))
    const moves = shareAccounts({
      me: owner.id,
      replicas: [owner.id, ...replicas],
      accounts,
      owners,
      overdue: new Set(accounts.filter((account) => (freeFor.get(account) ?? 0) > OVERDUE_TICKS)),
      keeper: deps.together() ? all : undefined,
    })
    for (const account of moves.take) await holds.claim(account)
    for (const account of moves.give) background(`giving account ${account} away`, holds.give(account))
    // One that was deleted is held for nobody, and must not look as if it had to be gathered.
    for (const account of held.keys()) {
      if (!accounts.includes(account) && !(await deps.exists(account))) {
        background(`giving back the deleted account ${account}`, holds.give(account))
      }
    }
  }

  const ticker = createTicker({
    everyMs: owner.ttlMs / RENEWALS,
    work: async () => {
      await look()
      await share()
    },
    failed: (error) => logger.warn(`renewing the account leases: ${String(error)}`),
  })
  const tick = ticker.now

  const confirm = async (account: string): Promise<'clear' | { readonly reason: string }> => {
    const hold = held.get(account)
    if (hold === undefined) return { reason: `another trading process has account '${account}'` }
    await Promise.race([tick().catch(() => undefined), sleep(CONFIRM_MS, undefined, { ref: false })])
    if (held.get(account) !== hold) return { reason: `another trading process has account '${account}'` }
    if (isOver(hold.term, deps.now())) return { reason: `the lease of account '${account}' could not be prolonged` }
    return 'clear'
  }

  const refusal = (): BootError =>
    new BootError(
      'another trading process runs on this database: several trading replicas need EVENT_LOG=postgres, as KurrentDB cannot fence off one that was replaced',
    )

  /** Without fences the process before must be gone for certain. */
  const waitToBeAlone = async (): Promise<void> => {
    for (const deadline = Date.now() + 2 * owner.ttlMs; ; ) {
      await look()
      if (keeper !== undefined) return
      if (Date.now() > deadline) throw refusal()
      await sleep(LOOK_EVERY_MS)
    }
  }

  const locating = locateAccount({
    ...deps,
    holds,
    leases: () => leases,
    isKeeper: () => keeper !== undefined,
    look: tick,
  })

  return {
    async join(address) {
      session = await deps.openSession(address, ticker.soon)
      if (deps.mode === 'exclusive') await waitToBeAlone()
      await tick()
      background('renewing the account leases', ticker.run())
      await Promise.all(
        [...held.values()].map((hold) => (hold.phase === 'adopting' ? hold.changed.promise : undefined)),
      )
      await session?.announce()
    },

    ...locating,
    enter: holds.enter,
    holds: (account) => held.has(account),
    ready: (account) => held.get(account)?.phase === 'held',

    fence(account) {
      const hold = held.get(account)
      if (hold === undefined) throw accountMoved(account)
      return deps.mode === 'exclusive' ? undefined : { lease: accountLease(account), token: hold.token }
    },

    keeperFence() {
      if (keeper === undefined) throw accountMoved('all')
      return deps.mode === 'exclusive' ? undefined : { lease: KEEPER, token: keeper.token }
    },

    clearance: (account) => () => {
      const hold = held.get(account)
      return hold !== undefined && !isOver(hold.term, deps.now()) ? undefined : confirm(account)
    },

    soleSince: (account) => held.get(account)?.soleSince ?? Number.POSITIVE_INFINITY,
    heldElsewhere: () => others().flatMap(({ name }) => accountOf(name) ?? []),
    isKeeper: () => keeper !== undefined,
    rethink: ticker.soon,
    look: tick,

    lost(error) {
      if (!(error instanceof FencedOff)) return
      holds.fencedOff(error.fence)
      ticker.soon()
    },

    async handOver() {
      // Nobody to give it to: what is asked for meanwhile is still done here.
      if (!others().some(({ name }) => name.startsWith(REPLICA))) return
      stopping.abort()
      await run(async (table) => {
        await releaseReplica(table)
        if (keeper !== undefined) await table.release(KEEPER, keeper.token)
        keeper = undefined
      })
      await Promise.all([...held.keys()].map(holds.give))
    },

    async leave() {
      stopping.abort()
      ticker.stop()
      const quiet = await Promise.all(
        [...held.keys()].map(async (account) => {
          const late = sleep(LEAVE_MS, 'late' as const, { ref: false })
          const drained = await Promise.race([deps.drained(account).then(() => 'drained' as const), late])
          return drained === 'drained' ? [accountLease(account)] : []
        }),
      )
      holds.forgetAll()
      keeper = undefined
      // What is not given back ends with this session; whoever takes it then waits for what may be on its way.
      const given = new Set([...quiet.flat(), KEEPER])
      await run(async (table) => {
        for (const lease of await table.renew(PREFIX)) {
          if (lease.owner === owner.id && given.has(lease.name)) await table.release(lease.name, lease.token)
        }
        await releaseReplica(table)
      })
      await session?.announce()
      await session?.close()
    },
  }
}
