import { backtestStream } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { kept } from '../kept-text.ts'
import { backtestEventOf } from './task.ts'

const tables = `
create table if not exists tasks (
  task_id text primary key,
  status text not null,
  spec json not null,
  attempt integer not null,
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  error text,
  figures json
);
create index if not exists tasks_created on tasks (created_at, task_id);
`

const PREFIX = backtestStream('').length

/** Tasks as rows; what was deleted has none. */
export const tasksProjection: Projection = {
  name: 'backtesting-tasks',
  filter: { categories: ['backtest'] },
  tables,
  async apply(events, client) {
    for (const event of events) await applyOne(event, client)
  },
}

const applyOne = async (recorded: RecordedEvent, client: PoolClient): Promise<void> => {
  const id = recorded.streamId.slice(PREFIX)
  const at = new Date(recorded.metadata.time).toISOString()
  const run = async (name: string, text: string, values: readonly unknown[]): Promise<void> => {
    await client.query({ name: `backtesting-tasks-${name}`, text, values: values.map(kept) })
  }
  const event = backtestEventOf(recorded)
  switch (event.type) {
    case 'BacktestSubmitted':
      return run(
        'submitted',
        `insert into tasks (task_id, status, spec, attempt, created_at) values ($1, 'pending', $2, 0, $3)`,
        [id, JSON.stringify(event.data.spec), at],
      )
    case 'BacktestStarted':
      return run('started', `update tasks set status = 'running', attempt = $2, started_at = $3 where task_id = $1`, [
        id,
        event.data.attempt,
        at,
      ])
    case 'BacktestCompleted':
      return run(
        'completed',
        `update tasks set status = 'completed', figures = $2, completed_at = $3 where task_id = $1`,
        [id, JSON.stringify(event.data.figures), at],
      )
    case 'BacktestFailed':
      return run('failed', `update tasks set status = 'failed', error = $2, completed_at = $3 where task_id = $1`, [
        id,
        event.data.error,
        at,
      ])
    case 'BacktestCancelled':
      return run('cancelled', `update tasks set status = 'cancelled', completed_at = $2 where task_id = $1`, [id, at])
    case 'BacktestDeleted':
      return run('deleted', 'delete from tasks where task_id = $1', [id])
  }
}
