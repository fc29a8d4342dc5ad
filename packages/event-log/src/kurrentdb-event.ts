import {
  type AllStreamResolvedEvent,
  type JSONEventData,
  type JSONType,
  jsonEvent,
  type ResolvedEvent,
} from '@kurrent/kurrentdb-client'
import type { EventMetadata, NewEvent, Position, RecordedEvent } from './event-log.ts'

/** An event as it is stored, with the mark of the one `append` call that wrote it. */
export interface StoredEvent {
  readonly event: RecordedEvent
  readonly appendId: string
}

/**
 * The event as KurrentDB's metadata carries it. `$correlationId` and `$causationId` are the names its own projections
 * and user interface know.
 */
export const toKurrent = (event: NewEvent, appendId: string): JSONEventData =>
  jsonEvent({
    id: event.id.toLowerCase(),
    type: event.type,
    data: event.data as JSONType,
    metadata: {
      $correlationId: event.metadata.correlationId,
      $causationId: event.metadata.causationId,
      actor: event.metadata.actor,
      time: event.metadata.time,
      ...(event.metadata.address === undefined ? {} : { address: event.metadata.address }),
      schemaVersion: event.schemaVersion,
      appendId,
    },
  })

interface Envelope {
  readonly metadata: EventMetadata
  readonly schemaVersion: number
  readonly appendId: string
}

const envelopeOf = (value: unknown): Envelope | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { $correlationId, $causationId, actor, time, address, schemaVersion, appendId } = value as Record<
    string,
    unknown
  >
  if (typeof $correlationId !== 'string' || typeof $causationId !== 'string' || typeof actor !== 'string')
    return undefined
  if (typeof time !== 'number' || typeof schemaVersion !== 'number' || typeof appendId !== 'string') return undefined
  return {
    metadata: {
      correlationId: $correlationId,
      causationId: $causationId,
      actor,
      time,
      ...(typeof address === 'string' ? { address } : {}),
    },
    schemaVersion,
    appendId,
  }
}

export const positionText = ({ commit, prepare }: { commit: bigint; prepare: bigint }): Position =>
  `${commit}/${prepare}`

/** The place of whatever the server returned: event or link, ours or not. */
export const positionOf = ({ event, link }: ResolvedEvent | AllStreamResolvedEvent): Position => {
  const position = (link ?? event)?.position
  if (position === undefined) {
    throw new TypeError(
      'the server names no positions with its events: KurrentDB, or EventStoreDB 22.6 and newer, does',
    )
  }
  return positionText(position)
}

/** Undefined for what Colibri did not write: system events, statistics, links, events of other programs. */
export const fromKurrent = (resolved: ResolvedEvent | AllStreamResolvedEvent): StoredEvent | undefined => {
  const { event } = resolved
  if (event === undefined || !event.isJson || event.type.startsWith('$')) return undefined
  const envelope = envelopeOf(event.metadata)
  if (envelope === undefined || typeof event.data !== 'object') return undefined
  const { metadata, schemaVersion, appendId } = envelope
  return {
    appendId,
    event: {
      id: event.id,
      type: event.type,
      schemaVersion,
      data: event.data,
      metadata,
      streamId: event.streamId,
      version: Number(event.revision),
      position: positionOf(resolved),
      recordedAt: event.created.getTime(),
    },
  }
}
