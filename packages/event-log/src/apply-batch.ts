import type { Pool, PoolClient } from 'pg'
import { beginMovingCheckpoint, type CheckpointOutcome } from './checkpoint.ts'
import type { Position, RecordedEvent } from './event-log.ts'
import { withRollback } from './postgres-transaction.ts'

export interface Batch {
  readonly schema: string
  readonly projection: string
  readonly from: Position
  readonly to: Position
}

/**
 * The commit does not wait for the disk. Rows and checkpoint share it, so a server crash that takes it back takes back
 * both, and the events, which the log stores durably, are applied again: nothing is lost and nothing counted twice. Not
 * waiting also ends the transaction sooner, and the log's readers wait for every running one.
 */
const COMMIT = 'set local synchronous_commit = off; commit'

/** Commits what `work` writes together with the checkpoint's move, or, unless it is `saved`, neither. */
export const commitWithCheckpoint = async (
  pool: Pool,
  { schema, projection, from, to }: Batch,
  work: (client: PoolClient) => Promise<void>,
): Promise<CheckpointOutcome> =>
  withRollback(pool, async (client) => {
    const outcome = await beginMovingCheckpoint(client, schema, projection, from, to)
    if (outcome.kind !== 'saved') {
      await client.query('rollback')
      return outcome
    }
    await work(client)
    await client.query(COMMIT)
    return outcome
  })

/** Records an event that was given up, in the transaction that moves the checkpoint past it. */
export const parkEvent = async (
  client: PoolClient,
  projection: string,
  event: RecordedEvent,
  error: unknown,
): Promise<void> => {
  await client.query(
    `insert into parked_events (projection, event_id, position, stream_id, version, error)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [
      projection,
      event.id,
      event.position,
      event.streamId,
      event.version,
      error instanceof Error ? error.message : String(error),
    ],
  )
}
