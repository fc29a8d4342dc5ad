import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'

/**
 * Where in the log to look: who, which account, which type, when. What an event says stays in the log alone. Rows are
 * numbered in the log's order, which later events never come before; `stored_at` never decreases, so that a time is a
 * place among the numbers.
 */
const tables = `
create table if not exists audit (
  number bigint primary key,
  position text not null,
  stored_at bigint not null,
  actor text not null,
  account_name text,
  event_type text not null
);
create index if not exists audit_stored_at on audit (stored_at, number);
create index if not exists audit_actor on audit (actor, number);
create index if not exists audit_account on audit (account_name, number) where account_name is not null;
create index if not exists audit_type on audit (event_type, number);
create table if not exists audit_streams (
  stream_id text primary key,
  account_name text not null
);
`

const LAST = 'select number::text, stored_at::text from audit order by audit.number desc limit 1'
const STREAMS = 'select stream_id, account_name from audit_streams where stream_id = any($1)'
const STORE = `insert into audit (number, position, stored_at, actor, account_name, event_type)
  select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])`
const STORE_STREAMS = `insert into audit_streams select * from unnest($1::text[], $2::text[])
  on conflict (stream_id) do nothing`

const textIn = (value: unknown, name: string): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const found: unknown = Reflect.get(value, name)
  return typeof found === 'string' ? found : undefined
}

/** The account an event itself names. */
const accountIn = ({ data }: RecordedEvent): string | undefined =>
  textIn(data, 'accountName') ?? textIn(Reflect.get(data, 'scope'), 'accountName')

/** The account of each stream whose first event named one: the later events of an order do not repeat it. */
const accountsOf = async (events: readonly RecordedEvent[], client: PoolClient): Promise<Map<string, string>> => {
  const fresh = new Map<string, string>()
  for (const event of events) {
    const account = event.version === 0 ? accountIn(event) : undefined
    if (account !== undefined) fresh.set(event.streamId, account)
  }
  const silent = events.filter((event) => accountIn(event) === undefined && !fresh.has(event.streamId))
  const known = new Map(fresh)
  if (silent.length > 0) {
    const streams = [...new Set(silent.map(({ streamId }) => streamId))]
    const { rows } = await client.query<{ stream_id: string; account_name: string }>({
      name: 'audit-projection-streams',
      text: STREAMS,
      values: [streams],
    })
    for (const row of rows) known.set(row.stream_id, row.account_name)
  }
  if (fresh.size > 0) {
    const values = [[...fresh.keys()], [...fresh.values()]]
    await client.query({ name: 'audit-projection-store-streams', text: STORE_STREAMS, values })
  }
  return known
}

/** Every event of the log as a row to find it by. */
export const auditProjection: Projection = {
  name: 'audit',
  filter: {},
  tables,
  async apply(events, client) {
    if (events.length === 0) return
    const accounts = await accountsOf(events, client)
    const last = await client.query<{ number: string; stored_at: string }>({
      name: 'audit-projection-last',
      text: LAST,
    })
    let number = Number(last.rows[0]?.number ?? 0)
    let storedAt = Number(last.rows[0]?.stored_at ?? 0)
    const numbers: number[] = []
    const times: number[] = []
    for (const event of events) {
      number += 1
      storedAt = Math.max(storedAt, event.recordedAt)
      numbers.push(number)
      times.push(storedAt)
    }
    const values = [
      numbers,
      events.map(({ position }) => position),
      times,
      events.map(({ metadata }) => metadata.actor),
      events.map((event) => accountIn(event) ?? accounts.get(event.streamId) ?? null),
      events.map(({ type }) => type),
    ]
    await client.query({ name: 'audit-projection-store', text: STORE, values })
  },
}
