import { type BalancesConfirmed, type DriftDetected, driftStream } from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, type EventLog, type NewEvent, VersionConflict } from '@colibri/event-log'
import type { Place } from './drift-watch.ts'

export interface RecordDriftDeps {
  readonly log: EventLog
  now(): number
}

const newEvent = (
  { now }: RecordDriftDeps,
  { accountName, connectorName }: Place,
  key: string,
  event:
    | { readonly type: 'DriftDetected'; readonly data: DriftDetected }
    | { readonly type: 'BalancesConfirmed'; readonly data: BalancesConfirmed },
): NewEvent => {
  const id = derivedEventId(driftStream(accountName, connectorName), key, 0)
  return {
    id,
    ...event,
    schemaVersion: 1,
    metadata: { actor: 'service:trading', correlationId: id, causationId: id, time: now() },
  }
}

/** Stores a drift under a key that says what it is: found again, it is not announced again. Gives the event's id. */
export const recordDrift = async (
  deps: RecordDriftDeps,
  key: string,
  drift: DriftDetected,
): Promise<{ readonly id: string; readonly is: 'new' | 'known' }> => {
  const event = newEvent(deps, drift, key, { type: 'DriftDetected', data: drift })
  try {
    await deps.log.append(driftStream(drift.accountName, drift.connectorName), [event], 'any')
    return { id: event.id, is: 'new' }
  } catch (error) {
    if (!(error instanceof DuplicateEvent)) throw error
    return { id: event.id, is: 'known' }
  }
}

/**
 * Stores what one look concluded, all of it or nothing: the differences it accepts are from then on part of what is
 * expected, so event and repair are one. `version`: of the newest event that the look knew of. Gives whether it was stored:
 * not when another look was faster.
 */
export const recordLook = async (
  deps: RecordDriftDeps,
  place: Place,
  version: number | undefined,
  { drifts, confirmed }: { readonly drifts: readonly DriftDetected[]; readonly confirmed?: BalancesConfirmed },
): Promise<'stored' | 'outrun'> => {
  const next = (version ?? -1) + 1
  const events = [
    ...drifts.map((data, index) =>
      newEvent(deps, place, `${data.kind} ${data.tradingPair ?? ''} ${data.subject} at ${next + index}`, {
        type: 'DriftDetected',
        data,
      }),
    ),
    ...(confirmed === undefined
      ? []
      : [newEvent(deps, place, `basis at ${next + drifts.length}`, { type: 'BalancesConfirmed', data: confirmed })]),
  ]
  if (events.length === 0) return 'stored'
  try {
    await deps.log.append(driftStream(place.accountName, place.connectorName), events, version ?? 'none')
    return 'stored'
  } catch (error) {
    if (!(error instanceof VersionConflict || error instanceof DuplicateEvent)) throw error
    return 'outrun'
  }
}
