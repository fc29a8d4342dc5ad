import { setTimeout as sleep } from 'node:timers/promises'
import type { DriftDetected } from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import type { AccountVenue } from '@colibri/exchange'
import type { OrdersContext } from '../orders/orders-context.ts'
import type { Difference } from './compare.ts'
import { compareOrders } from './compare-orders.ts'
import type { DriftMetrics, LookOutcome } from './drift-metrics.ts'
import type { Place } from './drift-watch.ts'
import type { PlaceWatch } from './drift-watches.ts'
import type { Expected } from './expected.ts'
import { createFindings, type Unconfirmed } from './findings.ts'
import { createLook, type LookPolicy, type LookResult, type Reading } from './look.ts'
import { recordDrift } from './record-drift.ts'
import { createStrangers } from './strangers.ts'

export interface ReconcilePolicy extends LookPolicy {
  readonly everyMs: number
}

export interface ReconcileDeps {
  readonly log: EventLog
  readonly context: OrdersContext
  readonly policy: ReconcilePolicy
  readonly metrics: DriftMetrics
  expected(place: Place, market: 'spot' | 'perpetual'): Promise<Expected>
  /** Says it where people look. */
  announced(drift: DriftDetected): void
}

export interface Reconciled {
  readonly outcome: LookOutcome
  /** Why there is no verdict. */
  readonly reason: string | null
  readonly drifts: readonly DriftDetected[]
  readonly undecided: readonly Difference[]
}

/** What keeps one account and its venue agreeing. */
export interface Reconciler extends PlaceWatch {
  /** Looks now, and again as long as waiting a little decides more. */
  reconcile(patienceMs: number): Promise<Reconciled>
  stop(): Promise<void>
}

const LONGEST_BACK_OFF_MS = 60_000
/** Fills of an order that was just taken in are no news. */
const JUST_TAKEN_IN_MS = 60_000

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const reconcileVenue = (
  deps: ReconcileDeps,
  place: Place,
  venue: AccountVenue,
  market: 'spot' | 'perpetual',
): Reconciler => {
  const { context, policy, metrics } = deps
  const { now } = context
  const { connectorName } = place
  const stopping = new AbortController()
  const { signal } = stopping
  const listeners = new Set<(drift: DriftDetected) => void>()
  const takenIn = new Map<string, number>()
  const findings = createFindings(policy.guardMs, now)
  let reading: Reading = 'with-fills'
  let gaps = 0
  // An account that was just opened has more urgent things to ask.
  let nextLook = now() + policy.guardMs
  let lastLook = 0
  let wake: () => void = () => undefined

  const tell = (drift: DriftDetected): void => {
    metrics.drifted(connectorName, drift.kind)
    deps.announced(drift)
    for (const listener of listeners) listener(drift)
  }

  const announce = async (key: string, drift: DriftDetected): Promise<string> => {
    const { id, is } = await recordDrift({ log: deps.log, now }, key, drift)
    if (is === 'new') tell(drift)
    return id
  }

  const strangers = createStrangers({
    context,
    place,
    venue,
    guardMs: policy.guardMs,
    announce,
    recorded: (orderId) => {
      takenIn.set(orderId, now())
      for (const [id, time] of takenIn) if (now() - time > JUST_TAKEN_IN_MS) takenIn.delete(id)
    },
  })
  const look = createLook({
    log: deps.log,
    now,
    context,
    place,
    venue,
    market,
    policy,
    strangers,
    expected: () => deps.expected(place, market),
    compareOrders: compareOrders({ context, place, venue, strangers, guardMs: policy.guardMs, announce }),
    report: context.report,
  })

  const announceFinding = async (one: Unconfirmed): Promise<void> => {
    if (one.kind === 'order') {
      const { orderId, tradingPair, ours, venue: seen } = one.finding
      const drift = { tradingPair, ours, venue: seen, difference: null, repair: 'order-settled' } as const
      await announce(`order ${orderId} ${seen}`, { ...place, kind: 'order', subject: orderId, ...drift })
      return
    }
    const { orderId, tradingPair, ours, venue: seen, difference } = one
    const drift = { tradingPair, ours, venue: seen, difference, repair: 'fills-recorded' } as const
    await announce(`fill ${orderId} ${seen}`, { ...place, kind: 'fill', subject: orderId, ...drift })
  }

  /** Looks, announcements and questions from outside, one after the other. */
  let turns: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = turns.then(work)
    turns = turn.catch(() => undefined)
    return turn
  }

  const lookNow = async (): Promise<LookResult> => {
    const asked = reading
    const gapsBefore = gaps
    reading = 'without-fills'
    try {
      const result = await look(asked)
      for (const drift of result.drifts) tell(drift)
      // A gap while it looked asks for another look.
      const soonest = gaps === gapsBefore ? policy.everyMs : policy.guardMs
      nextLook = Math.min(now() + soonest, result.nextAt ?? Number.POSITIVE_INFINITY)
      metrics.looked(connectorName, outcomeOf(result, result.drifts))
      return result
    } catch (error) {
      reading = 'with-fills'
      metrics.looked(connectorName, 'no-verdict')
      throw error
    } finally {
      lastLook = now()
    }
  }

  const attempt = async (what: string, work: () => Promise<unknown>): Promise<'done' | 'failed'> => {
    try {
      await work()
      return 'done'
    } catch (error) {
      if (!signal.aborted) context.report(error, `${what} of ${connectorName}`)
      return 'failed'
    }
  }

  const run = async (): Promise<void> => {
    let failures = 0
    while (!signal.aborted) {
      await inTurn(async () => {
        await attempt('announcing drifts', async () => {
          for (const one of findings.overdue()) await announceFinding(one)
        })
        if (strangers.waiting() > 0) await attempt('identifying orders', () => strangers.identify())
        if (now() < nextLook) return
        failures = (await attempt('reconciling', lookNow)) === 'done' ? 0 : failures + 1
        if (failures > 0) nextLook = now() + backOff(failures)
      })
      const retry = strangers.waiting() > 0 ? now() + policy.guardMs : Number.POSITIVE_INFINITY
      await woken(Math.min(nextLook, retry, findings.nextAt() ?? Number.POSITIVE_INFINITY) - now())
    }
  }

  const backOff = (failures: number): number => {
    const paused = venue.pause()
    const wait = Math.min(LONGEST_BACK_OFF_MS, policy.everyMs, policy.guardMs * 2 ** Math.min(failures, 10))
    return Math.max(wait, paused === null ? 0 : paused.until - now()) * (0.75 + Math.random() / 2)
  }

  const woken = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        wake = () => undefined
        resolve()
      }
      const timer = setTimeout(done, Math.max(10, milliseconds))
      signal.addEventListener('abort', done, { once: true })
      wake = done
      if (signal.aborted) done()
    })

  const running = run()

  return {
    stranger(tradingPair, venueOrderId) {
      strangers.add(tradingPair, venueOrderId)
      wake()
    },

    found(finding) {
      if (finding.kind === 'fill' && takenIn.has(finding.orderId)) return
      findings.found(finding)
      wake()
    },

    told: (told) => findings.told(told),

    gap() {
      gaps += 1
      reading = 'with-fills'
      // A stream that comes and goes is no reason to look all the time.
      nextLook = Math.min(nextLook, Math.max(now(), lastLook + policy.guardMs))
      wake()
    },

    async reconcile(patienceMs) {
      const deadline = now() + patienceMs
      const drifts: DriftDetected[] = []
      const listen = (drift: DriftDetected): void => void drifts.push(drift)
      listeners.add(listen)
      try {
        for (;;) {
          reading = 'with-fills'
          const result = await inTurn(lookNow)
          const next = Math.min(
            result.nextAt ?? Number.POSITIVE_INFINITY,
            findings.nextAt() ?? Number.POSITIVE_INFINITY,
          )
          if (next > deadline || signal.aborted) {
            return { outcome: outcomeOf(result, drifts), reason: null, drifts, undecided: result.undecided }
          }
          await sleep(Math.max(10, next - now()), undefined, { signal }).catch(() => undefined)
          await inTurn(async () => {
            for (const one of findings.overdue()) await announceFinding(one)
          })
        }
      } catch (error) {
        return { outcome: 'no-verdict', reason: messageOf(error), drifts, undecided: [] }
      } finally {
        listeners.delete(listen)
        wake()
      }
    },

    async stop() {
      stopping.abort()
      await running
    },
  }
}

const outcomeOf = ({ undecided }: LookResult, drifts: readonly DriftDetected[]): LookOutcome =>
  drifts.length > 0 ? 'drifted' : undecided.length > 0 ? 'undecided' : 'agrees'
