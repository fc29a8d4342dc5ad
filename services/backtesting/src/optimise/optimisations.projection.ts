import { type TrialEvent, trialEvents } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { kept } from '../kept-text.ts'
import { optimisationEventOf, trialEventOf } from './optimisation.ts'

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

/** What ended after its search was forgotten is forgotten as well. */
const STORE_TRIAL = `insert into optimisation_trials (optimisation_id, kind, in_window, number, state, parameters, outcome,
  figures, value, distance, progress, pnl_quote)
select $1::text, $2::text, $3::integer, $4::integer, $5::text, $6::json, $7::json, $8::json, $9::float8, $10::float8, $11::float8, $12::float8
where exists (select from optimisations where optimisation_id = $1)`

type Trial = Extract<TrialEvent, { type: 'WindowTested' }>['data']

/** Of a stream's name: the search's id follows the category. */
const idOf = ({ streamId }: RecordedEvent): string => streamId.slice(streamId.indexOf('-') + 1)

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
  const id = idOf(recorded)
  const at = new Date(recorded.metadata.time).toISOString()
  const run = async (name: string, text: string, values: readonly unknown[]): Promise<void> => {
    await client.query({ name: `backtesting-optimisations-${name}`, text, values: values.map(kept) })
  }
  const end = (status: string, error: string | null): Promise<void> =>
    run('ended', 'update optimisations set status = $2, error = $3, completed_at = $4 where optimisation_id = $1', [
      id,
      status,
      error,
      at,
    ])
  if (recorded.type in trialEvents) {
    const event = trialEventOf(recorded)
    return run('trial', STORE_TRIAL, trialValues(id, event.type === 'TrialFinished' ? 'trial' : 'test', event.data))
  }
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
  filter: { categories: ['optimisation', 'trial'] },
  tables,
  async apply(events, client) {
    for (const event of events) await applyOne(event, client)
  },
}
