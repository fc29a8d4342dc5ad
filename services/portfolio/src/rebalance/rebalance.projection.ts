import type { Projection } from '@colibri/event-log'

const tables = `
create table if not exists rebalances (
  plan_id text primary key,
  planned_at timestamptz(3) not null,
  state text not null
);
create index if not exists rebalances_running on rebalances (plan_id) where state = 'running';
`

const STORE = `insert into rebalances values ($1, $2, $3) on conflict (plan_id) do update set state = excluded.state`

const states: Readonly<Record<string, string>> = {
  RebalancePlanned: 'running',
  RebalanceCompleted: 'completed',
  RebalanceStopped: 'stopped',
}

/** Which plans are under way: what is gone on with after a crash. */
export const rebalanceProjection: Projection = {
  name: 'portfolio-rebalances',
  filter: { categories: ['rebalance'], types: Object.keys(states) },
  tables,
  async apply(events, client) {
    for (const { type, streamId, metadata } of events) {
      const values = [streamId.slice('rebalance-'.length), new Date(metadata.time).toISOString(), states[type]]
      await client.query({ name: 'rebalances-store', text: STORE, values })
    }
  },
}
