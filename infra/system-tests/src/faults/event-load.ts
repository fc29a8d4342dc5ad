import { setTimeout as sleep } from 'node:timers/promises'
import { type EventLog, type Position, randomEventId } from '@colibri/event-log'

export interface EventLoad extends Disposable {
  /** Ids of the events that were acknowledged, with their positions, in the order of their acknowledgements. */
  readonly acknowledged: ReadonlyMap<string, Position>
  /** Stops appending: for a run that has failed. */
  [Symbol.dispose](): void
  /** Stops appending and waits for what is under way. */
  finish(): Promise<void>
}

const BATCH = 10
const AT_ONCE = 16

/**
 * Appends events at a steady rate, in batches of streams of their own. An append that fails has an unknown outcome and is
 * not counted as acknowledged.
 */
export const appendEvents = (log: EventLog, eventsPerSecond: number): EventLoad => {
  const acknowledged = new Map<string, Position>()
  const running = new Set<Promise<void>>()
  let state: 'running' | 'stopping' = 'running'

  const append = async (): Promise<void> => {
    const time = Date.now()
    const events = Array.from({ length: BATCH }, (_, n) => ({
      id: randomEventId(),
      type: 'LoadApplied',
      schemaVersion: 1,
      data: { n },
      metadata: { correlationId: 'load', causationId: 'load', actor: 'service:load', time },
    }))
    const { position } = await log.append(`load-${randomEventId()}`, events, 'none')
    for (const { id } of events) acknowledged.set(id, position)
  }

  const pacing = (async () => {
    const begin = Date.now()
    for (let batches = 0; state === 'running'; ) {
      const due = ((Date.now() - begin) * eventsPerSecond) / (1000 * BATCH)
      while (batches < due && running.size < AT_ONCE) {
        batches++
        const one: Promise<void> = append().then(
          () => void running.delete(one),
          () => void running.delete(one),
        )
        running.add(one)
      }
      await sleep(5)
    }
  })()

  return {
    acknowledged,
    [Symbol.dispose]: () => {
      state = 'stopping'
    },
    finish: async () => {
      state = 'stopping'
      await pacing
      await Promise.all(running)
    },
  }
}
