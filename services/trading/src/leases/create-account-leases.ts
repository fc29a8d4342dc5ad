import { setTimeout as sleep } from 'node:timers/promises'
import { FencedOff, type Lease, type LeaseTable } from '@colibri/event-log'
import { BootError } from '@colibri/service-kit'
import type { AccountLeases, AccountLeasesDeps, Located } from './account-leases.ts'
import { accountMoved } from './account-moved.ts'
import { type LeaseSession, NoLeaseSession } from './lease-session.ts'
import { shareAccounts } from './share-accounts.ts'
import { type Instant, isOver, type Term, termOf } from './term.ts'
import { createTicker } from './ticker.ts'

interface Hold {
  readonly token: number
  readonly soleSince: number
  term: Term
  phase: 'adopting' | 'held' | 'giving'
  requests: number
  /** Resolves at the next change of phase, and when the hold ends. */
  changed: PromiseWithResolvers<void>
}

const PREFIX = 'trading '
const ACCOUNT = `${PREFIX}account `
const accountLease = (name: string): string => ACCOUNT + name
const KEEPER = `${PREFIX}keeper`
const REPLICA = `${PREFIX}replica `

/** A sixth of the term: one renewal may fail, and the next, and the next. */
const RENEWALS = 6
/** Ticks after which a free account is taken by whoever sees it. */
const OVERDUE_TICKS = 3
const LOCATE_MS = 10_000
const CONFIRM_MS = 2_000
const LEAVE_MS = 2_000
const ADOPT_AGAIN_MS = 250
/** How often a change of owner is looked for while a request waits for one. */
const LOOK_EVERY_MS = 100

export const createAccountLeases = (deps: AccountLeasesDeps): AccountLeases => {
  const { owner, logger, background } = deps
  const held = new Map<string, Hold>()
  let keeper: { readonly token: number } | undefined
  let session: LeaseSession | undefined
  let leases: ReadonlyMap<string, Lease> = new Map()
  const freeFor = new Map<string, number>()
  /** Nothing is taken any more. */
  const stopping = new AbortController()
  let replicaToken: number | undefined
  /** What is still being closed of an account that was lost: it must not be opened again before. */
  const closing = new Map<string, Promise<void>>()

  const run = async <T>(work: (table: LeaseTable) => Promise<T>): Promise<T> => {
    if (session === undefined) throw new NoLeaseSession('this process has not joined the others yet')
    return session.run(work)
  }

  const others = (): readonly Lease[] => [...leases.values()].filter((lease) => lease.held && lease.owner !== owner.id)

  const phase = (hold: Hold, next: Hold['phase']): void => {
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

  const adopt = async (account: string, hold: Hold): Promise<void> => {
    while (held.get(account) === hold && !stopping.signal.aborted) {
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

  const claim = async (account: string): Promise<void> => {
    if (stopping.signal.aborted) return
    await run(async (table) => {
      if (held.has(account)) return
      const asked = deps.now()
      const taken = await table.take(accountLease(account))
      if (taken === undefined) return
      const hold: Hold = {
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
  }

  const give = async (account: string): Promise<void> => {
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
    await session?.announce()
    logger.info(`account '${account}' was given to another trading process`)
  }

  const renewHolds = async (table: LeaseTable, asked: Instant): Promise<void> => {
    for (const [account, hold] of held) {
      const row = leases.get(accountLease(account))
      if (row?.owner === owner.id && row.token === hold.token) hold.term = termOf(asked, owner.ttlMs)
      else lose(account, hold)
    }
    // What could not be given back while the database was away.
    for (const { name, token, owner: of } of leases.values()) {
      const account = name.startsWith(ACCOUNT) ? name.slice(ACCOUNT.length) : undefined
      if (of === owner.id && account !== undefined && !held.has(account)) await table.release(name, token)
    }
  }

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
      await renewHolds(table, asked)
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
    for (const account of moves.take) await claim(account)
    for (const account of moves.give) background(`giving account ${account} away`, give(account))
    // One that was deleted is held for nobody, and must not look as if it had to be gathered.
    for (const account of held.keys()) {
      if (!accounts.includes(account) && !(await deps.exists(account))) {
        background(`giving back the deleted account ${account}`, give(account))
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

  const elsewhere = (lease: Lease | undefined): Located | undefined =>
    lease?.held === true && lease.owner !== owner.id && lease.address !== null
      ? { kind: 'elsewhere', address: lease.address }
      : undefined

  const locateKeeper = async (): Promise<Located> => {
    for (const deadline = Date.now() + LOCATE_MS; ; ) {
      if (keeper !== undefined) return { kind: 'here' }
      const found = elsewhere(leases.get(KEEPER))
      if (found !== undefined) return found
      if (Date.now() > deadline) throw accountMoved('all')
      await tick()
      if (keeper === undefined && elsewhere(leases.get(KEEPER)) === undefined) await sleep(LOOK_EVERY_MS)
    }
  }

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

    async locate(account) {
      for (const deadline = Date.now() + LOCATE_MS; ; ) {
        const hold = held.get(account)
        if (hold?.phase === 'held') return { kind: 'here' }
        if (Date.now() > deadline) throw accountMoved(account)
        if (hold !== undefined) {
          await Promise.race([hold.changed.promise, sleep(LOCATE_MS, undefined, { ref: false })])
          continue
        }
        const found = elsewhere(leases.get(accountLease(account)))
        if (found !== undefined) return found
        if (!(await deps.exists(account))) return { kind: 'nowhere' }
        await tick()
        if (elsewhere(leases.get(accountLease(account))) !== undefined) continue
        if (deps.together()) {
          const keeps = await locateKeeper()
          if (keeps.kind === 'elsewhere') return keeps
        }
        await claim(account)
        if (!held.has(account)) await sleep(LOOK_EVERY_MS)
      }
    },

    locateKeeper,
    addressOf: (subject) => {
      const name = subject.kind === 'account' ? accountLease(subject.accountName) : KEEPER
      const found = elsewhere(leases.get(name))
      return found?.kind === 'elsewhere' ? found.address : undefined
    },
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
    heldElsewhere: () => others().flatMap(({ name }) => (name.startsWith(ACCOUNT) ? [name.slice(ACCOUNT.length)] : [])),
    isKeeper: () => keeper !== undefined,
    rethink: ticker.soon,
    look: tick,

    lost(error) {
      if (!(error instanceof FencedOff)) return
      for (const [account, hold] of held) {
        if (accountLease(account) === error.fence.lease && hold.token === error.fence.token) lose(account, hold)
      }
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
      await Promise.all([...held.keys()].map(give))
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
      held.clear()
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
