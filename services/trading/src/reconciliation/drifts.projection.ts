import { type BalancesConfirmed, type DriftDetected, driftEvents } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'

/** A row of `drifts`, as pg reads it. */
export interface DriftsTable {
  id: number
  drift_id: string
  account_name: string
  connector_name: string
  kind: DriftDetected['kind']
  subject: string
  trading_pair: string | null
  ours: string | null
  venue: string
  difference: string | null
  repair: DriftDetected['repair']
  detected_at: Date
  version: number
}

const tables = `
create table if not exists drifts (
  id integer not null unique,
  drift_id text primary key,
  account_name text not null,
  connector_name text not null,
  kind text not null,
  subject text not null,
  trading_pair text,
  ours text,
  venue text not null,
  difference numeric,
  repair text not null,
  detected_at timestamptz(3) not null,
  version integer not null
);
create index if not exists drifts_of_place on drifts (account_name, connector_name, kind, version);
create table if not exists balance_bases (
  account_name text not null,
  connector_name text not null,
  at bigint not null,
  through bigint not null,
  tokens jsonb not null,
  version integer not null,
  primary key (account_name, connector_name)
);
create table if not exists drift_streams (
  account_name text not null,
  connector_name text not null,
  version integer not null,
  primary key (account_name, connector_name)
);
`

/** Ids count the drifts in the order of the log, so that a rebuild gives the same ones. */
const STORE = `
insert into drifts
select coalesce((select max(id) from drifts), 0) + row.ordinal, drift_id, account_name, connector_name, kind, subject,
  trading_pair, ours, venue, difference, repair, detected_at, version
from jsonb_to_recordset($1::jsonb) as row(ordinal integer, drift_id text, account_name text, connector_name text,
  kind text, subject text, trading_pair text, ours text, venue text, difference numeric, repair text,
  detected_at timestamptz, version integer)`

const STORE_BASE = `
insert into balance_bases values ($1, $2, $3, $4, $5::jsonb, $6)
on conflict (account_name, connector_name)
do update set at = excluded.at, through = excluded.through, tokens = excluded.tokens, version = excluded.version`

const STORE_STREAM = `
insert into drift_streams values ($1, $2, $3)
on conflict (account_name, connector_name) do update set version = excluded.version`

const driftRowOf = ({ id, data, metadata, version }: RecordedEvent, index: number) => {
  const drift: DriftDetected = driftEvents.DriftDetected.parse(data)
  return {
    ordinal: index + 1,
    drift_id: id,
    account_name: drift.accountName,
    connector_name: drift.connectorName,
    kind: drift.kind,
    subject: drift.subject,
    trading_pair: drift.tradingPair,
    ours: drift.ours,
    venue: drift.venue,
    difference: drift.difference,
    repair: drift.repair,
    detected_at: new Date(metadata.time).toISOString(),
    version,
  }
}

/** Drifts as rows, and what balances are counted from. */
export const driftsProjection: Projection = {
  name: 'drifts',
  filter: { categories: ['drift'] },
  tables,
  async apply(events, client) {
    const drifts = events.filter(({ type }) => type === 'DriftDetected').map(driftRowOf)
    if (drifts.length > 0) {
      await client.query({ name: 'drifts-projection-store', text: STORE, values: [JSON.stringify(drifts)] })
    }
    const bases = new Map<string, { readonly base: BalancesConfirmed; readonly version: number }>()
    const streams = new Map<string, { readonly of: DriftDetected | BalancesConfirmed; readonly version: number }>()
    for (const { type, streamId, data, version } of events) {
      if (type === 'BalancesConfirmed') {
        const base = driftEvents.BalancesConfirmed.parse(data)
        bases.set(streamId, { base, version })
        streams.set(streamId, { of: base, version })
      } else streams.set(streamId, { of: driftEvents.DriftDetected.parse(data), version })
    }
    for (const { base, version } of bases.values()) {
      const { accountName, connectorName, at, through, tokens } = base
      await client.query(STORE_BASE, [accountName, connectorName, at, through, JSON.stringify(tokens), version])
    }
    for (const { of, version } of streams.values()) {
      await client.query(STORE_STREAM, [of.accountName, of.connectorName, version])
    }
  },
}
