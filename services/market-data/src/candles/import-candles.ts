import { pipeline } from 'node:stream/promises'
import type { Pool, PoolClient } from 'pg'
import { from } from 'pg-copy-streams'
import { CANDLE_COLUMNS, type CandleColumn, CandleCsv } from './candle-csv.ts'
import { linesIn, readCandleFile } from './candle-file.ts'
import type { TimeRange } from './candle-range.ts'
import { createPartitions } from './candle-tables.ts'
import { countIn, endTimeOf } from './intervals.ts'
import { addCoverage, type SeriesKey, seriesIn } from './stored-candles.ts'

export interface ImportProgress {
  readonly rows: number
  /** From 0 to 1, by bytes read. */
  readonly share: number
}

export interface ImportedCandles {
  readonly rows: number
  /** Open times, the end exclusive: from now on everything is known of it. */
  readonly range: TimeRange
  /** Intervals in between without a row: by the file, nothing was traded in them. */
  readonly empty: number
}

/**
 * Rows that travel and are stored together, each batch in a transaction of its own: as long as a transaction writes, the
 * readers of the event log stand still behind it.
 */
const BATCH_ROWS = 10_000

/**
 * Loads a CSV file, gzipped or not. Every row is checked before the first is stored, and the file counts as known when the
 * last is: bad rows change nothing, and what a killed import leaves behind is not shown. Stored rows of the same times are
 * replaced, columns that the file has not are kept. Throws `CandleFileInvalid`.
 */
export const importCandles = async (
  pool: Pool,
  key: SeriesKey,
  file: string,
  options: { readonly now: number; readonly progress?: (progress: ImportProgress) => void },
): Promise<ImportedCandles> => {
  const csv = new CandleCsv(key.interval, options.now)
  const client = await pool.connect()
  let staged = true
  try {
    await client.query(STAGE)
    const batches = await stage(client, csv, file, options.progress)
    await client.query('create index on candle_import (time)')
    await client.query('analyze candle_import')
    const range = { from: csv.first ?? 0, to: endTimeOf(key.interval, csv.last ?? 0) }
    await createPartitions(pool, range.from, range.to)
    const seriesId = await seriesIn(client, key)
    for (const [first, last] of batches) await client.query(merge(csv.columns), [seriesId, first, last])
    await addCoverage(client, seriesId, range)
    await client.query('drop table candle_import')
    staged = false
    return { rows: csv.rows, range, empty: countIn(key.interval, range.to - range.from) - csv.rows }
  } finally {
    // What is still staged goes with the connection.
    client.release(staged)
  }
}

/** Checks the file and copies it beside the stored rows; gives the first and the last open time of each batch. */
const stage = async (
  client: PoolClient,
  csv: CandleCsv,
  file: string,
  progress: ((progress: ImportProgress) => void) | undefined,
): Promise<readonly (readonly [number, number])[]> => {
  const batches: (readonly [number, number])[] = []
  const told = (share: number): void => progress?.({ rows: csv.rows, share })
  await readCandleFile(file, told, async (source) => {
    for await (const { text, first, last } of batchesOf(csv, source)) {
      const copy = client.query(from(`copy candle_import (${CANDLE_COLUMNS.join(', ')}) from stdin`))
      await pipeline([text], copy)
      batches.push([first, last])
    }
  })
  return batches
}

interface Batch {
  readonly text: string
  readonly first: number
  readonly last: number
}

const batchesOf = async function* (csv: CandleCsv, source: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let batch: string[] = []
  let first: number | undefined
  const take = (line: string): void => {
    const row = csv.take(line)
    if (row === undefined) return
    first ??= csv.last
    batch.push(row)
  }
  const flush = (): Batch => {
    const full = { text: `${batch.join('\n')}\n`, first: first ?? 0, last: csv.last ?? 0 }
    batch = []
    first = undefined
    return full
  }
  for await (const lines of linesIn(source)) {
    for (const line of lines) {
      take(line)
      if (batch.length >= BATCH_ROWS) yield flush()
    }
  }
  if (batch.length > 0) yield flush()
  csv.end()
}

const STAGE = `
create temporary table candle_import (like market_data.candles including defaults);
alter table candle_import drop column series_id`

/** Of a row that is there already, what the file does not say is kept. */
const merge = (columns: readonly CandleColumn[]): string => {
  const said = columns.filter((column) => column !== 'time')
  const all = CANDLE_COLUMNS.join(', ')
  const row = (of: string): string => `(${said.map((column) => `${of}.${column}`).join(', ')})`
  return `insert into market_data.candles as stored (series_id, ${all}) select $1::integer, ${all} from candle_import
    where time between $2 and $3
    on conflict (series_id, time) do update set ${said.map((column) => `${column} = excluded.${column}`).join(', ')}
    where ${row('stored')} is distinct from ${row('excluded')}`
}
