import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg'
import { comparePositions, type Position, START } from './event-log.ts'

/** One row per reader of the log: where it has come to. Lives beside the rows it vouches for. */
export const CHECKPOINT_TABLES = `
create table if not exists projection_checkpoints (
  projection text primary key,
  position text not null,
  updated_at timestamptz not null default clock_timestamp()
);
create table if not exists parked_events (
  projection text not null,
  event_id uuid not null,
  position text not null,
  stream_id text not null,
  version integer not null,
  error text not null,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (projection, event_id)
);`

/**
 * What became of moving a checkpoint from `from` to `to`: `saved`; `already` there; `ahead`, a rival has gone further;
 * `mismatch`, it stands anywhere else (a rebuild or a restored backup put it there).
 */
export type CheckpointOutcome =
  | { readonly kind: 'saved' }
  | { readonly kind: 'already' | 'ahead' | 'mismatch'; readonly stored: Position }

/** Statements that open a transaction in `schema`: table names resolve there and nowhere else. */
export const beginIn = (schema: string): string => `begin; set local search_path to ${escapeIdentifier(schema)}`

export const loadCheckpoint = async (client: ClientBase, schema: string, projection: string): Promise<Position> => {
  const table = `${escapeIdentifier(schema)}.projection_checkpoints`
  const result = await client.query<{ position: Position }>(`select position from ${table} where projection = $1`, [
    projection,
  ])
  return result.rows[0]?.position ?? START
}

/**
 * Begins a transaction in `schema` and moves the checkpoint from `from` to `to` in it, all in one round trip. It comes
 * first in its transaction: a rival waits for the row here and finds out before it has applied anything. Unless `saved`,
 * the caller has nothing to commit.
 */
export const beginMovingCheckpoint = async (
  client: ClientBase,
  schema: string,
  projection: string,
  from: Position,
  to: Position,
): Promise<CheckpointOutcome> => {
  const move =
    from === START
      ? `insert into projection_checkpoints (projection, position) values (${escapeLiteral(projection)}, ${escapeLiteral(to)})
         on conflict (projection) do update set position = excluded.position, updated_at = clock_timestamp()
         where projection_checkpoints.position = ${escapeLiteral(from)}`
      : `update projection_checkpoints set position = ${escapeLiteral(to)}, updated_at = clock_timestamp()
         where projection = ${escapeLiteral(projection)} and position = ${escapeLiteral(from)}`
  // Several statements in one text give several results, which the driver's types do not say.
  const results: unknown = await client.query(`${beginIn(schema)}; ${move}`)
  const last: unknown = Array.isArray(results) ? results.at(-1) : results
  if (typeof last === 'object' && last !== null && 'rowCount' in last && last.rowCount === 1) return { kind: 'saved' }

  const stored = await loadCheckpoint(client, schema, projection)
  const order = comparePositions(stored, to)
  return { kind: order === 0 ? 'already' : order > 0 ? 'ahead' : 'mismatch', stored }
}
