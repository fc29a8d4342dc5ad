import type { Candle } from '@colibri/exchange'
import type { Pool } from 'pg'
import { to } from 'pg-copy-streams'
import type { TimeRange } from './candle-range.ts'
import { candleReply } from './candle-reply.ts'
import { RowsToJson } from './rows-to-json.ts'

/** What Postgres prints of a row, in the order the reply has it. */
const COLUMNS =
  'time / 1000, open, high, low, close, volume, quote_volume, trades, taker_base_volume, taker_quote_volume'

/** Stored rows of a range, oldest first, each a tab-separated line in the reply's columns, in chunks that end anywhere. */
export const storedRowsText = async function* (
  pool: Pool,
  seriesId: number,
  { from, to: end }: TimeRange,
): AsyncGenerator<Buffer> {
  const client = await pool.connect()
  let complete = false
  try {
    const rows = client.query(
      to(
        `copy (select ${COLUMNS} from market_data.candles
          where series_id = ${whole(seriesId)} and time >= ${whole(from)} and time < ${whole(end)} order by time) to stdout`,
      ),
    )
    for await (const chunk of rows) yield chunk
    complete = true
  } finally {
    // Whoever stops in the middle leaves a connection that still talks.
    client.release(!complete)
  }
}

/**
 * The same rows as the members of a JSON list, without brackets. The numbers are taken over as Postgres prints them, which
 * is what JSON asks for: parsing and printing them again would take longer than all the rest.
 */
export const storedRowsJson = async function* (
  pool: Pool,
  seriesId: number,
  range: TimeRange,
): AsyncGenerator<Uint8Array> {
  const toJson = new RowsToJson()
  for await (const chunk of storedRowsText(pool, seriesId, range)) yield toJson.take(chunk)
}

export const rowsJson = (rows: readonly Candle[]): string =>
  rows.map((row) => JSON.stringify(candleReply(row))).join(',')

/** COPY takes no parameters. */
const whole = (value: number): number => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number`)
  return value
}
