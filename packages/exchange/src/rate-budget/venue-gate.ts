import { VenueUnavailable } from '../venue.ts'
import type { SharedCell, SharedStore } from './shared-store.ts'
import {
  afterAnswer,
  afterRefusal,
  isPaused,
  openStanding,
  type Refusal,
  type VenueStanding,
  venueStanding,
} from './venue-standing.ts'

/** Whether a venue may be asked at all, as all replicas know it. */
export interface VenueGate {
  /** The pause in force, if any. */
  pause(): VenueStanding | null
  standing(): VenueStanding
  /** Resolves when a request may try; rejects with `VenueUnavailable` during a pause. */
  pass(deadline: number): Promise<void>
  /** The venue refused: everybody stops. Resolves when the others have been told, or cannot be. */
  refused(refusal: Refusal): Promise<void>
  /** The venue answered: a pause that is over has ended well. */
  answered(): Promise<void>
  /** Calls back on every change. */
  onChange(listener: () => void): void
}

export interface GateOptions {
  readonly host: string
  readonly key: string
  readonly store: SharedStore
  /** Called in the one replica that made the change, and in each that had to make it alone. */
  changed(standing: VenueStanding): void
}

/** After a pause one request at a time finds out whether it is over; the next may try when it got no answer by then. */
const trialMs = 1_000

/** What a caller is told during a pause. */
export const pausedError = (host: string, { kind, until }: Pick<VenueStanding, 'kind' | 'until'>): VenueUnavailable => {
  const what = kind === 'banned' ? 'has banned this address' : 'has asked for a pause'
  return new VenueUnavailable(`${host} ${what} until ${new Date(until).toISOString()}`, until)
}

export const venueGate = ({ host, key, store, changed }: GateOptions): VenueGate => {
  const listeners = new Set<() => void>()
  const waiting = new Set<() => void>()
  /** What this replica knows and could not tell the others yet. */
  let own: VenueStanding | undefined
  let trialUntil = 0

  const notify = (): void => {
    for (const wake of waiting) wake()
    for (const listener of listeners) listener()
  }
  const cell: SharedCell<VenueStanding> = store.cell(key, venueStanding, openStanding, notify)

  const standing = (): VenueStanding => {
    const shared = cell.state()
    return own !== undefined && own.until > shared.until ? own : shared
  }
  const pause = (): VenueStanding | null => (isPaused(standing(), store.now()) ? standing() : null)

  /** Until something changes, or the time has come. */
  const change = async (until: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.max(1, until - store.now()))
    waiting.add(resolve)
    await promise
    waiting.delete(resolve)
    clearTimeout(timer)
  }

  /** Makes one change for all; alone when they cannot be reached. */
  const make = async (change: (before: VenueStanding, now: number) => VenueStanding): Promise<void> => {
    const met = store.now()
    const next = (before: VenueStanding) => change(before, met)
    const before = standing()
    const alone = next(before)
    if (alone === before) return
    own = alone
    notify()
    try {
      const made = await cell.update((shared) => {
        const after = next(shared)
        return after === shared ? { result: undefined } : { next: after, result: after }
      })
      if (own === alone) own = undefined
      if (made !== undefined) changed(made)
    } catch {
      // The store says itself when it is away; the others are told when it is back.
      changed(alone)
    }
    notify()
  }

  store.onReturn(() => {
    if (own === undefined) return
    const known = own
    const told = cell.update((shared, now) => {
      const later = known.until > shared.until
      const next = later ? (isPaused(known, now) || known.kind === 'open' ? known : undefined) : undefined
      return next === undefined ? { result: undefined } : { next, result: undefined }
    })
    told.then(
      () => {
        if (own === known) own = undefined
      },
      () => undefined,
    )
  })

  return {
    pause,
    standing,
    async pass(deadline) {
      for (;;) {
        const now = store.now()
        const at = standing()
        if (at.kind === 'open') return
        if (isPaused(at, now)) throw pausedError(host, at)
        if (now >= trialUntil) {
          trialUntil = now + trialMs
          return
        }
        if (now >= deadline) throw pausedError(host, { ...at, until: trialUntil })
        await change(Math.min(trialUntil, deadline))
      }
    },
    refused: (refusal) => {
      trialUntil = 0
      return make((before, now) => afterRefusal(before, refusal, now))
    },
    answered: async () => {
      if (standing().kind === 'open') return
      await make(afterAnswer)
    },
    onChange: (listener) => void listeners.add(listener),
  }
}
