import type { Generated } from 'kysely'
import type { Pool, PoolClient } from 'pg'

/** A series is what one venue says of one pair at one interval. */
export interface CandleSeriesTable {
  readonly id: Generated<number>
  readonly connector: string
  readonly trading_pair: string
  readonly interval: string
  /** Ranges of open times, epoch milliseconds, about which everything is known: rows, or that there are none. */
  readonly coverage: string
}

/** Closed candles. Floats: they feed indicators and charts, never balances. */
export interface CandlesTable {
  readonly series_id: number
  /** Open time, epoch milliseconds. */
  readonly time: string
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly quote_volume: number
  readonly trades: number
  readonly taker_base_volume: number
  readonly taker_quote_volume: number
}

/** As kysely names them, in the schema `market_data`. */
export interface CandleTables {
  readonly candle_series: CandleSeriesTable
  readonly candles: CandlesTable
}

const TABLES = `
create schema if not exists market_data;
create table if not exists market_data.candle_series (
  id integer generated always as identity primary key,
  connector text not null,
  trading_pair text not null,
  interval text not null,
  coverage int8multirange not null default '{}',
  unique (connector, trading_pair, interval)
);
create table if not exists market_data.candles (
  series_id integer not null,
  time bigint not null,
  open double precision not null,
  high double precision not null,
  low double precision not null,
  close double precision not null,
  volume double precision not null,
  quote_volume double precision not null default 0,
  trades double precision not null default 0,
  taker_base_volume double precision not null default 0,
  taker_quote_volume double precision not null default 0,
  primary key (series_id, time)
) partition by range (time);
create table if not exists market_data.candle_claims (
  series_id integer not null,
  piece integer not null,
  owner uuid not null,
  until timestamptz not null,
  primary key (series_id, piece)
);`

/** One process at a time may change tables: `create if not exists` is no match for a race. */
const lockTables = (client: PoolClient): Promise<unknown> =>
  client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['colibri candle tables'])

export const inTransaction = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    broken = false
    return result
  } catch (error) {
    broken = await client.query('rollback').then(
      () => false,
      () => true,
    )
    throw error
  } finally {
    client.release(broken)
  }
}

/** Makes the tables where they are missing. */
export const createCandleTables = (pool: Pool): Promise<void> =>
  inTransaction(pool, async (client) => {
    await lockTables(client)
    await client.query(TABLES)
  })

/**
 * Makes the partitions for rows between two times where they are missing: one a year, since a year of minutes is half a
 * million rows. A partition is made beside its parent and attached, which holds up no reader and no writer.
 */
export const createPartitions = async (pool: Pool, from: number, to: number): Promise<void> => {
  const years = yearsBetween(from, to)
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name from pg_class where relname = any($1) and relispartition`,
    [years.map(partitionOf)],
  )
  const known = new Set(rows.map(({ name }) => name))
  for (const year of years) if (!known.has(partitionOf(year))) await createPartition(pool, year)
}

const createPartition = (pool: Pool, year: number): Promise<void> =>
  inTransaction(pool, async (client) => {
    await lockTables(client)
    const name = partitionOf(year)
    const { rowCount } = await client.query('select 1 from pg_class where relname = $1 and relispartition', [name])
    if (rowCount !== 0) return
    await client.query(`create table market_data.${name} (like market_data.candles including all)`)
    await client.query(
      `alter table market_data.candles attach partition market_data.${name}
       for values from (${Date.UTC(year, 0, 1)}) to (${Date.UTC(year + 1, 0, 1)})`,
    )
  })

const partitionOf = (year: number): string => `candles_${year}`

const yearsBetween = (from: number, to: number): readonly number[] => {
  const first = new Date(from).getUTCFullYear()
  const last = new Date(to).getUTCFullYear()
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
