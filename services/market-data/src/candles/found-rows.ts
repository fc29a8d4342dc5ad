import type { Candle } from '@colibri/exchange'
import type { FoundCandles } from './candle-history.ts'
import type { TimeRange } from './candle-range.ts'
import { rowsJson, storedRowsJson } from './candle-rows-text.ts'
import { Resampler } from './resample.ts'
import type { StoredCandles } from './stored-candles.ts'

/** The rows of a found range, oldest first, a page in memory at a time. */
export const foundRows = async function* (
  stored: StoredCandles,
  interval: string,
  found: FoundCandles,
): AsyncGenerator<readonly Candle[]> {
  if (found.kind === 'nothing') return
  if (found.kind === 'stored') {
    yield* stored.pages(found.seriesId, interval, storedPart(found))
    if (found.open.length > 0) yield found.open
    return
  }
  const resampler = new Resampler(interval)
  const { range } = found
  for await (const page of stored.pages(found.seriesId, found.interval, found.source)) {
    const rows = page.flatMap((row) => resampler.add(row) ?? []).filter(({ time }) => time >= range.from)
    if (rows.length > 0) yield rows
  }
  const last = resampler.end()
  if (last !== undefined && last.time >= range.from) yield [last]
}

/** The same rows as the members of a JSON list, without brackets. */
export const foundRowsJson = async function* (
  stored: StoredCandles,
  interval: string,
  found: FoundCandles,
): AsyncGenerator<string | Uint8Array> {
  let separator = ''
  if (found.kind === 'stored') {
    for await (const json of storedRowsJson(stored.pool, found.seriesId, interval, storedPart(found))) {
      yield json
      separator = ','
    }
    if (found.open.length > 0) yield separator + rowsJson(found.open)
    return
  }
  for await (const rows of foundRows(stored, interval, found)) {
    yield separator + rowsJson(rows)
    separator = ','
  }
}

/** Rows that were open a moment ago may be stored by now: they are shown once. */
const storedPart = ({ range, open }: Extract<FoundCandles, { kind: 'stored' }>): TimeRange => ({
  from: range.from,
  to: Math.min(range.to, open[0]?.time ?? range.to),
})
