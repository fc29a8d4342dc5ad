import { leasedBudget } from './leased-budget.ts'
import type { Priority, RateLimit } from './rate-limit.ts'
import { memoryStore, type SharedStore } from './shared-store.ts'
import { pausedError, venueGate } from './venue-gate.ts'
import type { Refusal, VenueStanding } from './venue-standing.ts'

/** A request's turn, from its going out. */
export interface Turn {
  /** It was answered, or given up: it cannot arrive at the venue any later than now. */
  over(): void
}

/** The requests that may go to one venue from one address. */
export interface RateBudget {
  /**
   * Resolves when the request may go out. Rejects with `BudgetSpent` as soon as that would take longer than the patience,
   * and at once with `VenueUnavailable` while the venue has asked for a pause or has banned the address.
   */
  take(cost: number, priority: Priority, patienceMs: number): Promise<Turn>
  /** The pause in force, if any. */
  pause(): VenueStanding | null
  /** The venue refused a request for going too fast: all replicas stop. */
  refused(refusal: Refusal): Promise<void>
  /** The venue answered a request. */
  answered(): Promise<void>
  /** The clock that pauses are told in, epoch milliseconds. */
  now(): number
}

/** One budget's state, for metrics. `used` is null where there is no limit. */
export interface BudgetReport {
  readonly host: string
  readonly used: number | null
  readonly waiting: number
  readonly standing: VenueStanding
  readonly paused: 'no' | 'throttled' | 'banned'
}

export interface BudgetObserver {
  /** A request goes out, after a wait for its turn. */
  spent(host: string, priority: Priority, cost: number, waitedMs: number): void
  /** A request was refused here, by the budget or a pause, and not sent. */
  held(host: string, priority: Priority, error: unknown): void
  /** This replica was the one that changed how the venue stands. */
  changed(host: string, standing: VenueStanding): void
}

export interface RateBudgetsOptions {
  /** The memory of this process unless said otherwise. */
  readonly store?: SharedStore
  /** The address that venues see; budgets are per venue and address. */
  readonly address?: string
  readonly observer?: BudgetObserver
}

export interface RateBudgets {
  /** The budget of a host; without a limit only its pauses are shared. */
  of(host: string, limit: RateLimit | null): RateBudget
  reports(): readonly BudgetReport[]
}

const uncounted: Turn = { over: () => undefined }

const token = (text: string): string => text.replaceAll(/[^\w=-]/g, '_')

/** The budgets of all venues that one process asks. Connectors with the same host share one. */
export const rateBudgets = (options: RateBudgetsOptions = {}): RateBudgets => {
  const { store = memoryStore(), address = 'shared', observer } = options
  const known = new Map<string, { readonly budget: RateBudget; report(): BudgetReport }>()
  const gates = new Map<string, ReturnType<typeof venueGate>>()

  const gateOf = (host: string): ReturnType<typeof venueGate> => {
    const open = gates.get(host)
    if (open !== undefined) return open
    const key = `standing.${token(host)}.${token(address)}`
    const gate = venueGate({ host, key, store, changed: (standing) => observer?.changed(host, standing) })
    gates.set(host, gate)
    return gate
  }

  const open = (host: string, limit: RateLimit | null) => {
    const gate = gateOf(host)
    // Windows of different length do not add up, so venues that count in two of them have two budgets on one host.
    const leased =
      limit === null
        ? undefined
        : leasedBudget(`window.${token(host)}.${token(address)}.${limit.windowMs}`, limit.windowMs, store)
    const stopped = (): void => {
      const pause = gate.pause()
      if (pause !== null) throw pausedError(host, pause)
    }
    gate.onChange(() => {
      const pause = gate.pause()
      if (pause !== null) leased?.rejectAll(() => pausedError(host, pause))
    })

    const budget: RateBudget = {
      async take(cost, priority, patienceMs) {
        const asked = store.now()
        let turn: Turn = uncounted
        try {
          await gate.pass(asked + patienceMs)
          if (leased !== undefined && limit !== null && cost > 0) {
            turn = await leased.take(cost * limit.intervalMs, priority, asked + patienceMs)
            stopped()
          }
        } catch (error) {
          observer?.held(host, priority, error)
          throw error
        }
        observer?.spent(host, priority, cost, store.now() - asked)
        return turn
      },
      pause: gate.pause,
      refused: gate.refused,
      answered: gate.answered,
      now: store.now,
    }
    const report = (): BudgetReport => {
      const pause = gate.pause()
      return {
        host,
        used: leased?.used() ?? null,
        waiting: leased?.waiting() ?? 0,
        standing: gate.standing(),
        paused: pause === null || pause.kind === 'open' ? 'no' : pause.kind,
      }
    }
    return { budget, report }
  }

  return {
    of(host, limit) {
      const key = limit === null ? host : `${host} ${limit.windowMs} ${limit.intervalMs}`
      const entry = known.get(key) ?? open(host, limit)
      known.set(key, entry)
      return entry.budget
    },
    reports: () => [...known.values()].map(({ report }) => report()),
  }
}
