import type { Candle } from '@colibri/exchange'
import type { Pool } from 'pg'
import { to } from 'pg-copy-streams'
import type { TimeRange } from './candle-range.ts'
import { candleReply } from './candle-reply.ts'
import { RowsToJson } from './rows-to-json.ts'

/** What Postgres prints of a row, in the order the reply has it. */
const COLUMNS =
  'time / 1000, open, high, low, close, volume, quote_volume, trades, taker_base_volume, taker_quote_volume'

/** Rows that are read at once: a client that reads slowly keeps some megabytes, and no connection of the pool. */
const PAGE_ROWS = 10_000
const NEWLINE = 10

interface TextPage {
  readonly text: Buffer
  /** Where the next page begins; undefined behind the last one. */
  readonly next: number | undefined
}

/** Stored rows of a range, oldest first, each a tab-separated line in the reply's columns; many whole lines at a time. */
export const storedRowsText = async function* (pool: Pool, seriesId: number, range: TimeRange): AsyncGenerator<Buffer> {
  let coming: Promise<TextPage> | undefined = readPage(pool, seriesId, range)
  while (coming !== undefined) {
    const page: TextPage = await coming
    // The next page is read while this one is sent. Whoever stops here does not care how that ends.
    coming = page.next === undefined ? undefined : readPage(pool, seriesId, { from: page.next, to: range.to })
    coming?.catch(() => undefined)
    if (page.text.length > 0) yield page.text
  }
}

const readPage = async (pool: Pool, seriesId: number, { from, to: end }: TimeRange): Promise<TextPage> => {
  const client = await pool.connect()
  let complete = false
  try {
    const rows = client.query(
      to(
        `copy (select ${COLUMNS} from market_data.candles
          where series_id = ${whole(seriesId)} and time >= ${whole(from)} and time < ${whole(end)}
          order by time limit ${PAGE_ROWS}) to stdout`,
      ),
    )
    const chunks: Buffer[] = []
    for await (const chunk of rows) chunks.push(chunk)
    complete = true
    const text = Buffer.concat(chunks)
    return { text, next: rows.rowCount < PAGE_ROWS ? undefined : lastTime(text) + 1 }
  } finally {
    // What was stopped in the middle leaves a connection that still talks.
    client.release(!complete)
  }
}

/** Open time of the last line, milliseconds. */
const lastTime = (text: Buffer): number => {
  const line = text.toString('latin1', text.lastIndexOf(NEWLINE, text.length - 2) + 1)
  return Number(line.slice(0, line.indexOf('\t'))) * 1000
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
