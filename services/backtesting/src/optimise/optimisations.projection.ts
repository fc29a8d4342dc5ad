import { type OptimisationEvent, optimisationStream } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { optimisationEventOf } from './optimisation.ts'

// `json`, not `jsonb`: parameters and figures keep the order they were given in.
const tables = `
create table if not exists optimisations (
  optimisation_id text primary key,
  status text not null,
  spec json not null,
  trials integer not null,
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  error text
);
create index if not exists optimisations_created on optimisations (created_at, optimisation_id);
create table if not exists optimisation_trials (
  optimisation_id text not null,
  kind text not null,
  in_window integer not null,
  number integer not null,
  state text not null,
  parameters json not null,
  outcome json not null,
  figures json,
  value double precision,
  distance double precision,
  progress double precision,
  pnl_quote double precision,
  primary key (optimisation_id, kind, in_window, number)
);`

const STORE_TRIAL = `insert into optimisation_trials (optimisation_id, kind, in_window, number, state, parameters, outcome,
  figures, value, distance, progress, pnl_quote)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

type Trial = Extract<OptimisationEvent, { type: 'WindowTested' }>['data']

const PREFIX = optimisationStream('').length

const trialValues = (id: string, kind: 'trial' | 'test', trial: Trial): unknown[] => {
  const { window, number, parameters, outcome, figures } = trial
  const completed = outcome.state === 'completed' ? outcome : undefined
  const pruned = outcome.state === 'pruned' ? outcome : undefined
  return [
    id,
    kind,
    window,
    number,
    outcome.state,
    JSON.stringify(parameters),
    JSON.stringify(outcome),
    figures === null ? null : JSON.stringify(figures),
    completed?.value ?? null,
    completed?.distance ?? null,
    pruned?.progress ?? null,
    pruned?.pnlQuote ?? null,
  ]
}

const applyOne = async (recorded: RecordedEvent, client: PoolClient): Promise<void> => {
  const id = recorded.streamId.slice(PREFIX)
  const at = new Date(recorded.metadata.time).toISOString()
  const run = async (name: string, text: string, values: readonly unknown[]): Promise<void> => {
    await client.query({ name: `backtesting-optimisations-${name}`, text, values: [...values] })
  }
  const end = (status: string, error: string | null): Promise<void> =>
    run('ended', 'update optimisations set status = $2, error = $3, completed_at = $4 where optimisation_id = $1', [
      id,
      status,
      error,
      at,
    ])
  const event = optimisationEventOf(recorded)
  switch (event.type) {
    case 'OptimisationSubmitted':
      return run(
        'submitted',
        `insert into optimisations (optimisation_id, status, spec, trials, created_at) values ($1, 'pending', $2, $3, $4)`,
        [id, JSON.stringify(event.data.spec), event.data.trials, at],
      )
    case 'OptimisationStarted':
      return run('started', `update optimisations set status = 'running', started_at = $2 where optimisation_id = $1`, [
        id,
        at,
      ])
    case 'TrialFinished':
      return run('trial', STORE_TRIAL, trialValues(id, 'trial', event.data))
    case 'WindowTested':
      return run('trial', STORE_TRIAL, trialValues(id, 'test', event.data))
    case 'OptimisationCompleted':
      return end('completed', null)
    case 'OptimisationFailed':
      return end('failed', event.data.error)
    case 'OptimisationCancelled':
      return end('cancelled', null)
    case 'OptimisationDeleted':
      await run('forget-trials', 'delete from optimisation_trials where optimisation_id = $1', [id])
      return run('forget', 'delete from optimisations where optimisation_id = $1', [id])
  }
}

/** Searches and their trials as rows; what was forgotten has none. */
export const optimisationsProjection: Projection = {
  name: 'backtesting-optimisations',
  filter: { categories: ['optimisation'] },
  tables,
  async apply(events, client) {
    for (const event of events) await applyOne(event, client)
  },
}
