import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Pool } from 'pg'
import { EXPORT_HEADER } from './candle-csv.ts'
import { overlap, type TimeRange } from './candle-range.ts'
import { storedRowsText } from './candle-rows-text.ts'
import type { StoredSeries } from './stored-candles.ts'

/**
 * Writes the stored candles of a range as CSV, gzipped when the name ends in `.gz`. The file appears when it is complete.
 * Returns the number of rows.
 */
export const exportCandles = async (
  pool: Pool,
  { id, key, ranges }: StoredSeries,
  asked: TimeRange,
  file: string,
  progress: (rows: number) => void = () => undefined,
): Promise<number> => {
  const range = overlap({ from: ranges[0]?.from ?? 0, to: ranges.at(-1)?.to ?? 0 }, asked) ?? { from: 0, to: 0 }
  let rows = 0
  const text = async function* (): AsyncGenerator<string> {
    yield `${EXPORT_HEADER}\n`
    for await (const chunk of storedRowsText(pool, id, key.interval, range)) {
      const lines = chunk.toString('latin1')
      for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) rows++
      progress(rows)
      yield lines.replaceAll('\t', ',')
    }
  }
  const part = `${file}.part`
  const target: Writable = createWriteStream(part)
  try {
    const source = Readable.from(text())
    await (file.endsWith('.gz') ? pipeline(source, createGzip(), target) : pipeline(source, target))
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return rows
}
