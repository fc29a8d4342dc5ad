import { type PortfolioSnapshotTaken, portfolioEvents } from '@colibri/contracts'
import type { Projection } from '@colibri/event-log'

/** A row of `past_holdings`: what one account held at one connector when a snapshot was taken. */
export interface PastHoldingsTable {
  /** Epoch milliseconds, as pg reads a bigint. */
  taken_at: string
  account_name: string
  connector_name: string
  /** When that venue was asked. */
  asked_at: string
  tokens: PortfolioSnapshotTaken['accounts'][number]['tokens']
}

const tables = `
create table if not exists past_holdings (
  taken_at bigint not null,
  account_name text not null,
  connector_name text not null,
  asked_at bigint not null,
  tokens jsonb not null,
  primary key (taken_at, account_name, connector_name)
);
`

const STORE = `
insert into past_holdings select taken_at, account_name, connector_name, asked_at, tokens
from jsonb_to_recordset($1::jsonb)
  as row(taken_at bigint, account_name text, connector_name text, asked_at bigint, tokens jsonb)
on conflict (taken_at, account_name, connector_name) do update set asked_at = excluded.asked_at, tokens = excluded.tokens`

const rowsOf = (data: object) => {
  const { takenAt, accounts } = portfolioEvents.PortfolioSnapshotTaken.parse(data)
  return accounts.map(({ accountName, connectorName, askedAt, tokens }) => ({
    taken_at: takenAt,
    account_name: accountName,
    connector_name: connectorName,
    asked_at: askedAt ?? takenAt,
    tokens,
  }))
}

/** Every snapshot with the moment it was taken at, to the millisecond: where a look into the past begins. */
export const pastProjection: Projection = {
  name: 'portfolio-past',
  filter: { categories: ['portfolio'], types: ['PortfolioSnapshotTaken'] },
  tables,
  async apply(events, client) {
    // One statement an event: within one statement a row can be written only once.
    for (const { data } of events) {
      await client.query({ name: 'portfolio-past-store', text: STORE, values: [JSON.stringify(rowsOf(data))] })
    }
  },
}
