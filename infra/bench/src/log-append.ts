import { randomUUID } from 'node:crypto'
import { type NewEvent, openPostgresLog } from '@colibri/event-log'
import type pg from 'pg'
import { perSecond } from './measure.ts'
import { openPool } from './open-pool.ts'
import type { Figure } from './report.ts'

const MS = 4_000

/** Appends per second through the log beside the same rows by plain prepared inserts, alternating in one run. */
export const measureLogAppend = async (url: string): Promise<readonly Figure[]> => {
  const pool = openPool(url, 32)
  const log = await openPostgresLog({ pool })
  await pool.query(RAW_TABLE)
  const figures: Figure[] = []
  for (const writers of [1, 8, 32]) {
    const ratio = await sideBySide(
      () => perSecond(writers, MS, async () => void (await log.append(`bench-${randomUUID()}`, [event()], 'none'))),
      () => perSecond(writers, MS, () => rawInsert(pool, [event()])),
    )
    figures.push(...compared(`append, ${writers} writer${writers > 1 ? 's' : ''}`, ratio, 1))
  }
  const batch = await sideBySide(
    () => perSecond(1, MS, async () => void (await log.append(`bench-${randomUUID()}`, events(100), 'none'))),
    () => perSecond(1, MS, () => rawInsert(pool, events(100))),
  )
  figures.push(...compared('append, batches of 100', batch, 100))
  await log.close()
  await pool.end()
  return figures
}

interface SideBySide {
  readonly ours: number
  readonly raw: number
}

/** Ours, raw, raw, ours: drift of the machine hits both alike. */
const sideBySide = async (ours: () => Promise<number>, raw: () => Promise<number>): Promise<SideBySide> => {
  const first = await ours()
  const beside = ((await raw()) + (await raw())) / 2
  return { ours: (first + (await ours())) / 2, raw: beside }
}

const compared = (name: string, { ours, raw }: SideBySide, eventsEach: number): readonly Figure[] => [
  { name, value: ours * eventsEach, unit: 'events/s' },
  { name: `${name}: raw SQL`, value: raw * eventsEach, unit: 'events/s' },
  { name: `${name}: share of raw SQL`, value: (ours / raw) * 100, unit: '%', target: { atLeast: 80 } },
]

const event = (): NewEvent => ({
  id: randomUUID(),
  type: 'OrderFilled',
  schemaVersion: 1,
  data: {
    tradeId: '12345',
    price: '16850.25',
    amount: '0.001',
    feeAmount: '0.0168',
    feeCurrency: 'USDT',
    venueTime: 1,
  },
  metadata: { correlationId: 'bench', causationId: 'bench', actor: 'user:bench', time: 1 },
})

export const events = (count: number): readonly NewEvent[] => Array.from({ length: count }, event)

const RAW_TABLE = `
create schema if not exists raw_bench;
create table if not exists raw_bench.events (
  position bigint generated always as identity primary key, stream_id text not null, version integer not null,
  event_id uuid not null unique, type text not null, schema_version integer not null, data json not null,
  metadata json not null, unique (stream_id, version))`

/** The same columns and uniqueness as the log keeps, written as somebody without a log would. */
const rawInsert = async (pool: pg.Pool, rows: readonly NewEvent[]): Promise<void> => {
  await pool.query({
    name: 'raw-insert',
    text: `insert into raw_bench.events (stream_id, version, event_id, type, schema_version, data, metadata)
      select $1, * from unnest($2::integer[], $3::uuid[], $4::text[], $5::integer[], $6::json[], $7::json[])`,
    values: [
      `bench-${randomUUID()}`,
      rows.map((_, n) => n),
      rows.map((row) => row.id),
      rows.map((row) => row.type),
      rows.map((row) => row.schemaVersion),
      rows.map((row) => JSON.stringify(row.data)),
      rows.map((row) => JSON.stringify(row.metadata)),
    ],
  })
}
