import type { Candle } from '@colibri/exchange'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import type { TimeRange } from './candle-range.ts'
import { type CandleTables, createPartitions } from './candle-tables.ts'
import { windows } from './windows.ts'

export interface SeriesKey {
  readonly connectorName: string
  readonly tradingPair: string
  readonly interval: string
}

export interface StoredSeries {
  readonly id: number
  readonly key: SeriesKey
  readonly ranges: readonly TimeRange[]
}

/** Closed candles in Postgres, and of which ranges of time everything is known. */
export class StoredCandles {
  readonly pool: Pool
  readonly #db: Kysely<CandleTables>

  constructor(pool: Pool) {
    this.pool = pool
    this.#db = new Kysely<CandleTables>({ dialect: new PostgresDialect({ pool }) }).withSchema('market_data')
  }

  /** The id of a series; undefined when nothing was ever stored of it. */
  async find({ connectorName, tradingPair, interval }: SeriesKey): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('candle_series')
      .select('id')
      .where('connector', '=', connectorName)
      .where('trading_pair', '=', tradingPair)
      .where('interval', '=', interval)
      .executeTakeFirst()
    return row?.id
  }

  /** The id of a series, which is made if need be. */
  async open(key: SeriesKey): Promise<number> {
    const known = await this.find(key)
    if (known !== undefined) return known
    await this.#db
      .insertInto('candle_series')
      .values({ connector: key.connectorName, trading_pair: key.tradingPair, interval: key.interval, coverage: '{}' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const made = await this.find(key)
    if (made === undefined) throw new Error('a candle series vanished')
    return made
  }

  /** Forgets a series of which nothing was ever stored: names are cheap to make up. */
  async forgetEmpty({ connectorName, tradingPair, interval }: SeriesKey): Promise<void> {
    await this.#db
      .deleteFrom('candle_series')
      .where('connector', '=', connectorName)
      .where('trading_pair', '=', tradingPair)
      .where('interval', '=', interval)
      .where('coverage', '=', '{}')
      .execute()
  }

  /** A series and what is known of it; undefined when nothing was ever stored of it. */
  async series(key: SeriesKey): Promise<StoredSeries | undefined> {
    const id = await this.find(key)
    return id === undefined ? undefined : { id, key, ranges: await this.coverage(id) }
  }

  /** Every series and what is known of it. */
  async all(): Promise<readonly StoredSeries[]> {
    const rows = await this.#db
      .selectFrom('candle_series')
      .selectAll()
      .where('coverage', '<>', '{}')
      .orderBy('connector')
      .orderBy('trading_pair')
      .orderBy('id')
      .execute()
    return Promise.all(
      rows.map(async ({ id, connector, trading_pair: tradingPair, interval }) => ({
        id,
        key: { connectorName: connector, tradingPair, interval },
        ranges: await this.coverage(id),
      })),
    )
  }

  /** Intervals of which anything is known for a pair. */
  async intervals(connectorName: string, tradingPair: string): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('candle_series')
      .select('interval')
      .where('connector', '=', connectorName)
      .where('trading_pair', '=', tradingPair)
      .where('coverage', '<>', '{}')
      .execute()
    return rows.map(({ interval }) => interval)
  }

  /** What is known, in order. */
  async coverage(seriesId: number): Promise<readonly TimeRange[]> {
    return this.#ranges(sql`select unnest(coverage) as range from market_data.candle_series where id = ${seriesId}`)
  }

  /** What is not known of a range, in order. */
  async missing(seriesId: number, { from, to }: TimeRange): Promise<readonly TimeRange[]> {
    return this.#ranges(sql`
      select unnest(int8multirange(int8range(${from}::bigint, ${to}::bigint)) - coverage) as range
      from market_data.candle_series where id = ${seriesId}`)
  }

  async #ranges(ranges: ReturnType<typeof sql>): Promise<readonly TimeRange[]> {
    const { rows } = await sql<TimeRange>`
      select lower(range)::float8 as "from", upper(range)::float8 as "to" from (${ranges}) found order by 1`.execute(
      this.#db,
    )
    return rows
  }

  async has(seriesId: number, { from, to }: TimeRange): Promise<boolean> {
    const row = await this.#db
      .selectFrom('candles')
      .select('time')
      .where('series_id', '=', seriesId)
      .where('time', '>=', String(from))
      .where('time', '<', String(to))
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  /** The rows of a range, oldest first: no more than fit into memory. */
  async rows(seriesId: number, { from, to }: TimeRange): Promise<readonly Candle[]> {
    const rows = await this.#db
      .selectFrom('candles')
      .selectAll()
      .where('series_id', '=', seriesId)
      .where('time', '>=', String(from))
      .where('time', '<', String(to))
      .orderBy('time')
      .execute()
    return rows.map((row) => ({
      time: Number(row.time),
      open: row.open,
      high: row.high,
      low: row.low,
      close: row.close,
      volume: row.volume,
      quoteVolume: row.quote_volume,
      trades: row.trades,
      takerBuyBaseVolume: row.taker_base_volume,
      takerBuyQuoteVolume: row.taker_quote_volume,
    }))
  }

  /** All rows of a range, oldest first, a window in memory at a time. */
  async *pages(seriesId: number, interval: string, range: TimeRange): AsyncGenerator<readonly Candle[]> {
    for (const window of windows(interval, range)) {
      const page = await this.rows(seriesId, window)
      if (page.length > 0) yield page
    }
  }

  /** Stores closed rows, oldest first, and that everything is known of a range, in the client's transaction. */
  async save(client: PoolClient, seriesId: number, rows: readonly Candle[], known: TimeRange): Promise<void> {
    const [first, last] = [rows[0], rows.at(-1)]
    if (first !== undefined && last !== undefined) {
      await createPartitions(this.pool, first.time, last.time)
      await client.query({ name: 'candles-upsert', text: UPSERT, values: [seriesId, ...columnsOf(rows)] })
    }
    await addCoverage(client, seriesId, known)
  }
}

/** The id of a series, which is made if need be in the client's transaction. */
export const seriesIn = async (client: PoolClient, key: SeriesKey): Promise<number> => {
  const { rows } = await client.query<{ id: number }>(
    `insert into market_data.candle_series (connector, trading_pair, interval) values ($1, $2, $3)
     on conflict (connector, trading_pair, interval) do update set interval = excluded.interval returning id`,
    [key.connectorName, key.tradingPair, key.interval],
  )
  const [row] = rows
  if (row === undefined) throw new Error('a candle series was not made')
  return row.id
}

/** From now on everything is known of a range. */
export const addCoverage = async (client: PoolClient, seriesId: number, { from, to }: TimeRange): Promise<void> => {
  await client.query({
    name: 'candles-coverage',
    text: `update market_data.candle_series
      set coverage = coverage + int8multirange(int8range($2::bigint, $3::bigint)) where id = $1`,
    values: [seriesId, from, to],
  })
}

const UPSERT = `
insert into market_data.candles
select $1::integer, * from unnest($2::bigint[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
  $8::float8[], $9::float8[], $10::float8[], $11::float8[])
on conflict (series_id, time) do update set
  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
  quote_volume = excluded.quote_volume, trades = excluded.trades, taker_base_volume = excluded.taker_base_volume,
  taker_quote_volume = excluded.taker_quote_volume`

const columnsOf = (rows: readonly Candle[]): readonly (readonly number[])[] => [
  rows.map(({ time }) => time),
  rows.map(({ open }) => open),
  rows.map(({ high }) => high),
  rows.map(({ low }) => low),
  rows.map(({ close }) => close),
  rows.map(({ volume }) => volume),
  rows.map(({ quoteVolume }) => quoteVolume),
  rows.map(({ trades }) => trades),
  rows.map(({ takerBuyBaseVolume }) => takerBuyBaseVolume),
  rows.map(({ takerBuyQuoteVolume }) => takerBuyQuoteVolume),
]
