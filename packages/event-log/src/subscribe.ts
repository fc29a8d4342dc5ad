import { comparePositions, type EventFilter, type Handler, type Page, type Position } from './event-log.ts'
import { backOff, pause } from './pause.ts'
import type { Wakeup } from './wakeup.ts'

export interface Subscribable {
  /** A page after `from`; rejects when the log cannot be reached. */
  readonly page: (from: Position, filter: EventFilter) => Promise<Page>
  readonly wakeup: Wakeup
  /** The longest a reader sleeps when no wake arrives. */
  readonly pollMs: number
  readonly onError: (error: unknown) => void
}

const RETRY = { firstMs: 50, longestMs: 2_000 }
/**
 * Events held up by a running transaction are looked for again this soon. Most transactions end within milliseconds, so
 * the first looks come quickly; one that runs for long is asked about ever more rarely.
 */
const PENDING = { firstMs: 1, longestMs: 50 }
const QUICK_LOOKS = 10

/** `EventLog.subscribe` for a driver that can read pages and be woken. Reads the next full page while one is handled. */
export const subscribeByPages = async (
  { page, wakeup, pollMs, onError }: Subscribable,
  from: Position,
  filter: EventFilter,
  handler: Handler,
  signal: AbortSignal,
): Promise<void> => {
  const untilDone = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (signal.aborted) return undefined
        onError(error)
        await pause(backOff(attempt, RETRY), signal)
      }
    }
    return undefined
  }

  let position = from
  let told: 'nothing' | 'end' = 'nothing'
  let held = 0
  let next: Promise<Page | undefined> | undefined
  while (!signal.aborted) {
    const since = wakeup.seen()
    const current: Page | undefined = await (next ?? untilDone(() => page(position, filter)))
    next = undefined
    if (current === undefined) return
    const moved = comparePositions(current.position, position) > 0
    if (!current.atEnd) next = untilDone(() => page(current.position, filter))
    if (moved || (current.atEnd && told !== 'end')) {
      await untilDone(() => handler(current))
      told = current.atEnd ? 'end' : 'nothing'
    }
    position = current.position
    // What held the last events up is over; something else holds up what is pending now.
    if (moved) held = 0
    if (!current.atEnd) continue
    if (current.pending) {
      await wakeup.wait(since, backOff(Math.max(0, held - QUICK_LOOKS), PENDING), signal)
      held += 1
    } else {
      held = 0
      await wakeup.wait(since, pollMs, signal)
    }
  }
  await next
}
