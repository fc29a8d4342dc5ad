import { webhookEventTypes } from '@colibri/contracts'
import { comparePositions, type EventFilter, type EventLog, type Page, type RecordedEvent } from '@colibri/event-log'
import { retryDelay } from './back-off.ts'
import { pause } from './pause.ts'
import { createPoster, type Poster } from './post-event.ts'
import { type Attempt, UNREADABLE, type Webhook, type WebhookStore } from './webhook-store.ts'

export interface DeliverDeps {
  readonly log: EventLog
  readonly store: Pick<WebhookStore, 'unseal' | 'delivered' | 'passed' | 'failed' | 'pause'>
  readonly timeoutMs: number
  /** A receiver that has failed for so long, and often, is given up: the webhook is paused. */
  readonly pauseAfterMs: number
  isAllowed(address: string): boolean
  bodyOf(event: RecordedEvent): Promise<string>
  /** Aborts when something is stored that was not there when this was called. */
  news(): AbortSignal
  now(): number
  /** Told of every attempt. */
  onAttempt(webhook: Webhook, outcome: 'delivered' | 'failed'): void
  report(error: unknown, what: string): void
}

/** Fewer failures in a row are no reason to give up, however far apart they were. */
const LEAST_FAILURES = 5
/** What a webhook that is behind holds in memory. */
const PAGE = 100
/** Between two looks at the log: events come in bursts, and many in one page cost hardly more than one. */
const REST_MS = 100
/** News wakes earlier. */
const LOOK_MS = 5_000
/** A position that only moved past events of others is stored this often. */
const IDLE_SAVE_MS = 5_000
const GONE = 410

export const filterOf = ({ events }: Webhook): EventFilter => ({
  categories: [...new Set(events.map((name) => (name === 'fill' ? 'order' : name)))],
  types: events.flatMap((name) => [...webhookEventTypes[name]]),
})

/**
 * Delivers the events of one webhook in the order of the log, one at a time, from its place in the log on, until the signal
 * aborts, it is paused, or somebody else delivers it. An event is tried again until the receiver takes it; the place moves
 * after that, so a crash repeats an event and never leaves one out.
 */
export const deliver = async (deps: DeliverDeps, webhook: Webhook, signal: AbortSignal): Promise<void> => {
  const { log, store, now, report } = deps
  const over = new AbortController()
  const ending = AbortSignal.any([signal, over.signal])
  let at = webhook
  let savedAt = now()
  let poster: Poster
  try {
    const { url, secret } = await store.unseal(webhook)
    poster = createPoster({ url, secret, timeoutMs: deps.timeoutMs, isAllowed: deps.isAllowed })
  } catch (error) {
    report(error, `opening webhook ${webhook.id}`)
    await store.pause(webhook.id, `it ${UNREADABLE}`)
    return
  }

  /** Until the database has taken it; false when it is no longer ours. */
  const note = async (work: () => Promise<boolean>): Promise<boolean> => {
    for (let failures = 1; !ending.aborted; failures += 1) {
      try {
        return await work()
      } catch (error) {
        report(error, `noting a delivery of webhook ${webhook.id}`)
        await pause(retryDelay(failures), ending)
      }
    }
    return false
  }

  const reasonToPause = (error: string, status: number | null): string | null => {
    if (status === GONE) return `the receiver is gone: it ${error}`
    const since = at.failingSince
    const failures = at.attempts + 1
    if (since === null || now() - since < deps.pauseAfterMs || failures < LEAST_FAILURES) return null
    return `nothing was taken for ${Math.round((now() - since) / 1000)} s and ${failures} attempts; last: ${error}`
  }

  const deliverOne = async (event: RecordedEvent): Promise<void> => {
    const body = await deps.bodyOf(event)
    while (!ending.aborted) {
      const attempt = at.attempts + 1
      const posted = await poster.post({ id: event.id, type: event.type, body, attempt }, ending)
      if (posted.kind === 'aborted') return
      const noted: Attempt = {
        eventId: event.id,
        eventType: event.type,
        attempt,
        status: posted.kind === 'failed' ? null : posted.status,
        error: posted.kind === 'delivered' ? null : posted.error,
        durationMs: posted.durationMs,
        at: now(),
      }
      if (posted.kind === 'delivered') {
        deps.onAttempt(at, 'delivered')
        if (!(await note(() => store.delivered(at, noted, event.position)))) return over.abort()
        at = { ...at, position: event.position, attempts: 0, failingSince: null }
        savedAt = now()
        return
      }
      deps.onAttempt(at, 'failed')
      let after: Webhook | undefined
      const pausedReason = reasonToPause(posted.error, noted.status)
      const ours = await note(async () => {
        after = await store.failed(at, noted, pausedReason)
        return after !== undefined
      })
      if (!ours || after === undefined || after.state === 'paused') return over.abort()
      at = after
      await pause(retryDelay(at.attempts), ending)
    }
  }

  const handle = async ({ events, position, atEnd }: Page, news: AbortSignal): Promise<void> => {
    for (const event of events) {
      await deliverOne(event)
      if (ending.aborted) return
    }
    if (comparePositions(position, at.position) > 0 && (now() - savedAt > IDLE_SAVE_MS || !atEnd)) {
      if (!(await note(() => store.passed(at, position)))) return over.abort()
      at = { ...at, position }
      savedAt = now()
    }
    from = position
    if (events.length > 0) await pause(REST_MS, ending)
    if (atEnd) await pause(LOOK_MS, ending, news)
  }

  let from = at.position
  let failures = 0
  try {
    while (!ending.aborted) {
      const news = deps.news()
      try {
        await handle(await log.readAll(from, { filter: filterOf(webhook), limit: PAGE }), news)
        failures = 0
      } catch (error) {
        report(error, `reading the log for webhook ${webhook.id}`)
        from = at.position
        failures += 1
        await pause(retryDelay(failures), ending)
      }
    }
  } finally {
    poster.close()
  }
}
