import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  PubHeaders,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream'
import { headers, nanos } from '@nats-io/nats-core'
import type { Position, RecordedEvent } from './event-log.ts'

/** Header of every relayed message: where its event stands in the log. */
export const POSITION_HEADER = 'Colibri-Position'

export interface RelayStream {
  readonly name: string
  readonly subjects: readonly string[]
  readonly replicas: number
}

/** How far the copies reach: the last message of the stream, and the event it claims to be. */
export interface Tail {
  readonly sequence: number
  readonly last?: {
    readonly position: Position
    readonly eventId: string
    readonly streamId: string
    readonly version: number
  }
}

/** Copies are published within this time of one another at most once, even past a lost acknowledgement. */
const DUPLICATE_WINDOW_MS = 120_000
/** A server that dies takes the acknowledgements with it: so long the relay waits for them before it goes on. */
const PUBLISH_TIMEOUT_MS = 2_500

const configOf = ({ subjects, replicas }: RelayStream) => ({
  subjects: [...subjects],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  num_replicas: replicas,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  allow_direct: true,
})

const isStreamNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound

/** The stream as it is, undefined when it does not exist. */
export const findStream = async (manager: JetStreamManager, { name }: RelayStream): Promise<StreamInfo | undefined> => {
  try {
    return await manager.streams.info(name)
  } catch (error) {
    if (isStreamNotFound(error)) return undefined
    throw error
  }
}

/** Messages are gone that no limit of the stream's took: its store was damaged, and what is left looks right at its end. */
export const hasHole = ({ config, state }: StreamInfo): boolean => {
  if (state.messages === 0) return false
  const limited = [config.max_age, config.max_msgs, config.max_bytes].some((limit) => limit > 0)
  const first = limited ? state.first_seq : 1
  return state.messages !== state.last_seq - first + 1
}

export const createStream = (manager: JetStreamManager, stream: RelayStream): Promise<StreamInfo> =>
  manager.streams.add({ name: stream.name, ...configOf(stream) })

/** Deletes the stream with its consumers and makes it anew, empty. */
export const recreateStream = async (manager: JetStreamManager, stream: RelayStream): Promise<StreamInfo> => {
  await manager.streams.delete(stream.name)
  return await createStream(manager, stream)
}

/** The last copy in the stream; `foreign` when it is nothing this relay wrote. */
export const tailOf = async (
  manager: JetStreamManager,
  { name }: RelayStream,
  { state }: StreamInfo,
): Promise<Tail | 'foreign'> => {
  const sequence = state.last_seq
  if (state.messages === 0) return { sequence }
  const message = await manager.streams.getMessage(name, { seq: sequence })
  const position = message?.header.get(POSITION_HEADER)
  if (message === null || position === undefined || !/^\d+\/\d+$/.test(position)) return 'foreign'
  const body: unknown = JSON.parse(message.string())
  if (typeof body !== 'object' || body === null) return 'foreign'
  if (!('streamId' in body) || typeof body.streamId !== 'string') return 'foreign'
  if (!('version' in body) || typeof body.version !== 'number') return 'foreign'
  if (!('id' in body) || typeof body.id !== 'string') return 'foreign'
  return { sequence, last: { position, eventId: body.id, streamId: body.streamId, version: body.version } }
}

/** The copies are not what the relay left: published by a rival, or lost under it. */
export class StreamMoved extends Error {
  override readonly name = 'StreamMoved'
}

/** A stranger's message took the place of an event, and the events after it were stored: the copy has a hole. */
export class StreamTorn extends StreamMoved {}

/**
 * Publishes events in order, all in flight together. Every message names the sequence it must follow, so the server
 * stores a prefix of them in exactly this order or refuses: a rival or a lost message cannot tear the copy. Returns the
 * sequence of the last one.
 */
export const publishInOrder = async (
  client: JetStreamClient,
  { name }: RelayStream,
  after: number,
  events: readonly RecordedEvent[],
  subjectOf: (event: RecordedEvent) => string,
): Promise<number> => {
  const sent = events.map((event, index) => {
    const header = headers()
    header.set(PubHeaders.MsgIdHdr, event.id)
    header.set(PubHeaders.ExpectedStreamHdr, name)
    header.set(PubHeaders.ExpectedLastSeqHdr, String(after + index))
    header.set(POSITION_HEADER, event.position)
    return client.publish(subjectOf(event), JSON.stringify(event), { headers: header, timeout: PUBLISH_TIMEOUT_MS })
  })
  const results = await Promise.allSettled(sent)
  // One refusal shifts the sequence by a stranger's message, so that the next event seems to be in its place.
  const refused = results.findIndex(
    (result) => result.status === 'rejected' && result.reason instanceof JetStreamApiError,
  )
  if (refused >= 0 && results.slice(refused).some(({ status }) => status === 'fulfilled')) {
    throw new StreamTorn(`${name} refused event ${events[refused]?.id} but took later ones`)
  }
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') throw result.reason
    if (result.value.duplicate || result.value.seq !== after + index + 1) {
      throw new StreamMoved(
        `${name} put event ${events[index]?.id} at ${result.value.seq} instead of ${after + index + 1}`,
      )
    }
  }
  return after + events.length
}
