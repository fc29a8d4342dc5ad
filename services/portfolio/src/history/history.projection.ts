import { type PortfolioSnapshotTaken, portfolioEvents } from '@colibri/contracts'
import type { Projection } from '@colibri/event-log'

/** A row of `snapshots`: one account's holdings at one connector, in the minute of their snapshot. */
export interface SnapshotsTable {
  minute: Date
  account_name: string
  connector_name: string
  tokens: PortfolioSnapshotTaken['accounts'][number]['tokens']
  /** In USDT. */
  value: string
}

const tables = `
create table if not exists snapshots (
  minute timestamptz(0) not null,
  account_name text not null,
  connector_name text not null,
  tokens jsonb not null,
  value numeric not null,
  primary key (minute, account_name, connector_name)
);
create index if not exists snapshots_account on snapshots (account_name, minute);
create index if not exists snapshots_connector on snapshots (connector_name, minute);
`

/** Of two snapshots in one minute the later one counts. */
const STORE = `
insert into snapshots
select date_trunc('minute', row.taken_at), row.account_name, row.connector_name, row.tokens,
  (select coalesce(sum((t->>'units')::numeric * (t->>'price')::numeric), 0) from jsonb_array_elements(row.tokens) t)
from jsonb_to_recordset($1::jsonb) as row(taken_at timestamptz, account_name text, connector_name text, tokens jsonb)
on conflict (minute, account_name, connector_name) do update set tokens = excluded.tokens, value = excluded.value`

const rowsOf = ({ takenAt, accounts }: PortfolioSnapshotTaken) =>
  accounts.map(({ accountName, connectorName, tokens }) => ({
    taken_at: new Date(takenAt).toISOString(),
    account_name: accountName,
    connector_name: connectorName,
    tokens,
  }))

/** Snapshots as rows. */
export const historyProjection: Projection = {
  name: 'portfolio-history',
  filter: { categories: ['portfolio'] },
  tables,
  async apply(events, client) {
    // One statement an event: within one statement a row can be written only once.
    for (const { data } of events) {
      const rows = rowsOf(portfolioEvents.PortfolioSnapshotTaken.parse(data))
      await client.query({ name: 'portfolio-history-store', text: STORE, values: [JSON.stringify(rows)] })
    }
  },
}
