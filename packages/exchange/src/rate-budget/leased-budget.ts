import { NotSent } from '../wire.ts'
import {
  type BudgetWindow,
  budgetWindow,
  type Charge,
  emptyWindow,
  freeAt,
  grant,
  type Lease,
  sliceOf,
  timingOf,
  usedAt,
  withCharge,
  withRefund,
} from './budget-window.ts'
import type { Turn } from './rate-budgets.ts'
import { ceilings, type Priority, rank } from './rate-limit.ts'
import type { SharedStore } from './shared-store.ts'

/** The budget is used up for longer than the caller waits: nothing was sent. */
export class BudgetSpent extends NotSent {}

export interface LeasedBudget {
  /** Resolves when the weight may be spent; rejects with `BudgetSpent` as soon as that cannot be by the deadline. */
  take(weight: number, priority: Priority, deadline: number): Promise<Turn>
  /** Share of the window that is taken by all replicas, 0 to 1. */
  used(): number
  waiting(): number
  /** Rejects everybody who waits, as the function says. */
  rejectAll(error: () => Error): void
}

interface Waiter {
  readonly weight: number
  readonly priority: Priority
  readonly deadline: number
  resolve(turn: Turn): void
  reject(error: Error): void
}

interface HeldLease extends Lease {
  readonly priority: Priority
  left: number
}

/** A first lease, and the most that one may take beyond what is asked for at once, as parts of the window. */
const firstLease = 1 / 32
const largestLease = 1 / 8
/** A lease this empty is followed by the next before anybody has to wait for it. */
const nearlyEmpty = 1 / 4
/** While less of the window than this is used, an order goes out before the others have heard of it, */
const plenty = 1 / 2
/** for this much, or one request, at a time: less than the reserve that only orders may fill. */
const aheadOfTelling = 1 / 20

/**
 * One process's hand in a shared budget. Weight is leased in chunks for a short time, so that most requests ask nobody;
 * what was not spent is given back. While the store is away each process lives on an even share of what the last known
 * state leaves free.
 */
export const leasedBudget = (key: string, windowMs: number, store: SharedStore): LeasedBudget => {
  const timing = timingOf(windowMs)
  const waiters: Waiter[] = []
  let leases: HeldLease[] = []
  let refunds: Charge[] = []
  /** What was spent without the others' knowledge, and what of it they have not been told yet. */
  let alone: BudgetWindow = emptyWindow
  let debts: Charge[] = []
  let spentLately: { at: number; readonly weight: number }[] = []
  let refilling = false
  let timer: NodeJS.Timeout | undefined
  let tidying: NodeJS.Timeout | undefined

  const cell = store.cell(key, budgetWindow, emptyWindow, () => {
    if (waiters.length > 0) pump()
  })

  const expire = (now: number): void => {
    const over = leases.filter((lease) => lease.until <= now)
    if (over.length === 0) return
    leases = leases.filter((lease) => lease.until > now)
    refunds.push(...over.filter(({ left }) => left > 0).map(({ slice, left }): Charge => [slice, left]))
  }

  /** Spends from leases of one's own priority first, then of lower ones. */
  const serve = (weight: number, priority: Priority, now: number): Turn | undefined => {
    expire(now)
    const usable = leases
      .filter((lease) => rank[lease.priority] <= rank[priority] && lease.left > 0)
      .sort((left, right) => rank[right.priority] - rank[left.priority] || left.until - right.until)
    const left = usable.reduce((sum, lease) => sum + lease.left, 0)
    if (left + 1e-9 < weight) return undefined
    let open = weight
    const parts: Charge[] = []
    for (const lease of usable) {
      const part = Math.min(open, lease.left)
      lease.left -= part
      open -= part
      if (part > 0) parts.push([lease.slice, part])
    }
    spentLately = spentLately.filter(({ at }) => at > now - timing.leaseMs)
    spentLately.push({ at: now, weight })
    if (left - weight < nearlyEmpty * usable.reduce((sum, lease) => sum + lease.weight, 0)) aheadOfNeed(priority)
    return { over: () => countAgain(parts) }
  }

  /** A request that was answered later than its charge reckons with may have arrived as late: its charge moves there. */
  const countAgain = (parts: readonly Charge[]): void => {
    const now = store.now()
    const late = parts.filter(([slice]) => now > slice + timing.spreadMs)
    if (late.length === 0) return
    const weight = late.reduce((sum, [, part]) => sum + part, 0)
    const moved: Charge = [sliceOf(now, timing), weight]
    if (store.reach() === 'alone') alone = withCharge(alone, timing, moved, now)
    refunds.push(...late)
    debts.push(moved)
    tidyLater()
  }

  /** Up to two leases' worth of what was spent lately. */
  const forecast = (): number => {
    const lately = spentLately.reduce((sum, { weight }) => sum + weight, 0)
    return Math.min(largestLease * windowMs, Math.max(firstLease * windowMs, 1.5 * lately))
  }

  const queued = (priority: Priority): number =>
    waiters.filter((waiter) => waiter.priority === priority).reduce((sum, { weight }) => sum + weight, 0)

  const capacityOf = (priority: Priority): number => ceilings[priority] * windowMs

  const hold = (taken: Lease, priority: Priority): void => {
    leases.push({ ...taken, priority, left: taken.weight })
    tidyLater()
  }

  const settle = (
    window: BudgetWindow,
    returned: readonly Charge[],
    owed: readonly Charge[],
    now: number,
  ): BudgetWindow => owed.reduce((sum, debt) => withCharge(sum, timing, debt, now), returned.reduce(withRefund, window))

  /** Takes a lease that covers at least `least`; resolves with when there will be room, if there is none now. */
  const lease = async (least: number, priority: Priority): Promise<number | undefined> => {
    const ask = { least, queued: queued(priority), spare: forecast(), capacity: capacityOf(priority) }
    if (store.reach() === 'alone') return leaseAlone(least, priority)
    const open = cell.state()
    const guess = grant(refunds.reduce(withRefund, open), timing, ask, store.now())
    if (guess.kind === 'full' && debts.length === 0) return guess.freeAt
    const [returned, owed] = [refunds, debts]
    refunds = []
    debts = []
    try {
      const outcome = await cell.update((window, now) => {
        const open = settle(window, returned, owed, now)
        const outcome = grant(open, timing, ask, now)
        return { next: outcome.kind === 'granted' ? outcome.window : open, result: outcome }
      })
      if (outcome.kind === 'full') return outcome.freeAt
      hold(outcome.lease, priority)
      return undefined
    } catch {
      // Whether the refunds were taken is not known: they are forgotten, which errs on the safe side.
      debts.push(...owed)
      return leaseAlone(least, priority)
    }
  }

  const leaseAlone = (least: number, priority: Priority): number | undefined => {
    const now = store.now()
    const free = capacityOf(priority) - usedAt(cell.state(), timing, now)
    const share = free / store.replicas()
    const outcome = grant(alone, timing, { least, queued: least, spare: 0, capacity: Math.max(0, share) }, now)
    if (outcome.kind === 'full') {
      const shared = cell.state().charges.map(([until]) => until + timing.windowMs + timing.spreadMs)
      return Math.min(outcome.freeAt, ...shared.filter((time) => time > now))
    }
    alone = outcome.window
    debts.push([outcome.lease.slice, outcome.lease.weight])
    hold(outcome.lease, priority)
    return undefined
  }

  /** A lease for those who come next. Nobody waits for it, so it takes only what is free. */
  const aheadOfNeed = (priority: Priority): void => {
    if (refilling || waiters.length > 0 || store.reach() === 'alone') return
    const used = usedAt(cell.state(), timing, store.now())
    // In a scarce budget weight that lies about in leases is missed by others.
    if (used + forecast() > (ceilings[priority] * windowMs) / 2) return
    refilling = true
    lease(firstLease * windowMs, priority).then(settled, settled)
  }

  /** An order does not wait for a lease while there is plenty: its charge is told while it is on its way. */
  const atOnce = (weight: number, now: number): Turn | undefined => {
    if (refilling || store.reach() === 'alone') return undefined
    const owed = debts.reduce((sum, [, debt]) => sum + debt, 0)
    if (owed > 0 && owed + weight > aheadOfTelling * windowMs) return undefined
    if (usedAt(cell.state(), timing, now) + owed + weight > plenty * windowMs) return undefined
    const charge: Charge = [sliceOf(now, timing), weight]
    debts.push(charge)
    refilling = true
    const least = firstLease * windowMs
    const told = weight > least ? tell() : lease(least, 'order')
    told.then(settled, settled)
    return { over: () => countAgain([charge]) }
  }

  const settled = (): void => {
    refilling = false
    if (waiters.length > 0) pump()
  }

  /** Those whose turn cannot come in time leave at once. */
  const refuseLate = (now: number): void => {
    let ahead = 0
    for (const waiter of [...waiters]) {
      ahead += waiter.weight
      const time = freeAt(cell.state(), timing, ahead, capacityOf(waiter.priority), now)
      if (time <= waiter.deadline && now < waiter.deadline) continue
      ahead -= waiter.weight
      waiters.splice(waiters.indexOf(waiter), 1)
      waiter.reject(new BudgetSpent(`the rate budget is used up for ${Math.max(1, Math.ceil(time - now))} ms`))
    }
  }

  const pump = (): void => {
    clearTimeout(timer)
    timer = undefined
    for (let first = waiters[0]; first !== undefined; first = waiters[0]) {
      const turn = serve(first.weight, first.priority, store.now())
      if (turn === undefined) break
      waiters.shift()
      first.resolve(turn)
    }
    if (waiters.length > 0 && !refilling) refill()
  }

  const refill = (): void => {
    const first = waiters[0]
    if (first === undefined) return
    refilling = true
    lease(first.weight, first.priority).then(
      (freeAgain) => {
        refilling = false
        if (freeAgain === undefined) return pump()
        const now = store.now()
        refuseLate(now)
        if (waiters.length === 0) return
        const next = Math.min(freeAgain, ...waiters.map(({ deadline }) => deadline))
        clearTimeout(timer)
        timer = setTimeout(pump, Math.max(1, next - now))
      },
      (error: unknown) => {
        refilling = false
        for (const waiter of waiters.splice(0)) waiter.reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }

  /** Gives back what expired leases left over and tells what was spent alone. */
  const tell = async (): Promise<void> => {
    expire(store.now())
    if (refunds.length === 0 && debts.length === 0) return
    const [returned, owed] = [refunds, debts]
    refunds = []
    debts = []
    try {
      await cell.update((window, now) => ({ next: settle(window, returned, owed, now), result: undefined }))
    } catch {
      debts.push(...owed)
    }
  }
  /** It keeps what it could not tell. */
  const tellSoon = (): void => {
    tell().catch(() => undefined)
  }
  const tidyLater = (): void => {
    if (tidying !== undefined) return
    tidying = setTimeout(() => {
      tidying = undefined
      if (store.reach() === 'shared') tellSoon()
      if (leases.length > 0) tidyLater()
    }, 1.1 * timing.leaseMs).unref()
  }
  // Before the store counts as shared again, everybody's debts must be in it.
  store.onReturn(tellSoon)

  return {
    async take(weight, priority, deadline) {
      const now = store.now()
      const turn = waiters.findIndex((waiter) => rank[waiter.priority] < rank[priority])
      const ahead = turn < 0 ? waiters.length : turn
      if (ahead === 0) {
        const turn = serve(weight, priority, now) ?? (priority === 'order' ? atOnce(weight, now) : undefined)
        if (turn !== undefined) return turn
      }
      const { promise, resolve, reject } = Promise.withResolvers<Turn>()
      waiters.splice(ahead, 0, { weight, priority, deadline, resolve, reject })
      if (!refilling) refill()
      return promise
    },
    used: () => usedAt(cell.state(), timing, store.now()) / windowMs,
    waiting: () => waiters.length,
    rejectAll: (error) => {
      clearTimeout(timer)
      for (const waiter of waiters.splice(0)) waiter.reject(error())
    },
  }
}
