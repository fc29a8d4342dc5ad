import type { EventLog, Page, RecordedEvent } from './event-log.ts'

/** Turns the data of one schema version of an event type into the next version's. Pure, and kept for ever. */
export interface Upcaster {
  readonly type: string
  /** The version it reads; it writes `fromVersion + 1`. */
  readonly fromVersion: number
  upcast(data: RecordedEvent['data'], event: RecordedEvent): RecordedEvent['data']
}

/** Two upcasters claim the same step, or an event is older than the first step that is known. */
export class UpcastingError extends Error {
  override readonly name = 'UpcastingError'
}

/** The event in its newest version. Steps are applied one after the other until none is known for the version reached. */
export const upcastBy = (upcasters: readonly Upcaster[]): ((event: RecordedEvent) => RecordedEvent) => {
  const steps = new Map<string, Map<number, Upcaster>>()
  for (const upcaster of upcasters) {
    const ofType = steps.get(upcaster.type) ?? new Map<number, Upcaster>()
    if (ofType.has(upcaster.fromVersion)) {
      throw new UpcastingError(
        `${upcaster.type} version ${upcaster.fromVersion} has two upcasters; one step, one upcaster`,
      )
    }
    ofType.set(upcaster.fromVersion, upcaster)
    steps.set(upcaster.type, ofType)
  }
  for (const [type, ofType] of steps) {
    const first = Math.min(...ofType.keys())
    for (let version = first; version < first + ofType.size; version += 1) {
      if (!ofType.has(version))
        throw new UpcastingError(`${type} has no upcaster from version ${version}, but later ones`)
    }
  }
  return (event) => {
    const ofType = steps.get(event.type)
    if (ofType === undefined) return event
    let current = event
    for (let step = ofType.get(current.schemaVersion); step !== undefined; step = ofType.get(current.schemaVersion)) {
      current = { ...current, data: step.upcast(current.data, current), schemaVersion: current.schemaVersion + 1 }
    }
    return current
  }
}

/** The same log, with every event it returns in its newest schema version. What is stored never changes. */
export const withUpcasters = (log: EventLog, upcasters: readonly Upcaster[]): EventLog => {
  const upcast = upcastBy(upcasters)
  const upcastPage = (page: Page): Page => ({ ...page, events: page.events.map(upcast) })
  return {
    append: (streamId, events, expectedVersion, fence) => log.append(streamId, events, expectedVersion, fence),
    read: async (streamId, fromVersion) => (await log.read(streamId, fromVersion)).map(upcast),
    readAll: async (from, options) => upcastPage(await log.readAll(from, options)),
    readAt: async (positions) => (await log.readAt(positions)).map(upcast),
    end: () => log.end(),
    subscribe: (from, filter, handler, signal) =>
      log.subscribe(from, filter, (page) => handler(upcastPage(page)), signal),
    close: () => log.close(),
  }
}
