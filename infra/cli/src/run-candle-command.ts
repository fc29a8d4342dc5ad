import {
  exportCandles,
  importCandles,
  type SeriesKey,
  StoredCandles,
  type TimeRange,
  timeText,
} from '@colibri/market-data/candles'
import type { Pool } from 'pg'
import type { CandleCommand } from './candle-command.ts'
import { progressLine, type Terminal } from './progress-line.ts'

export interface CandleRun {
  readonly pool: Pool
  readonly now: number
  readonly out: Terminal
  readonly progress: Terminal
}

/** Runs a command and says what it did. Throws `CandleFileInvalid`, or an error that says what failed. */
export const runCandleCommand = async (command: CandleCommand, run: CandleRun): Promise<void> => {
  const stored = new StoredCandles(run.pool)
  switch (command.kind) {
    case 'import':
      return importFile(command.file, command.key, run)
    case 'export':
      return exportFile(stored, command, run)
    case 'list':
      return list(stored, run)
  }
}

const importFile = async (file: string, key: SeriesKey, { pool, now, out, progress }: CandleRun): Promise<void> => {
  const begin = performance.now()
  const line = progressLine(progress)
  const { rows, range, empty } = await importCandles(pool, key, file, {
    now,
    progress: ({ rows: read, share }) => line.show(`${percent(share)} read, ${read} rows`),
  }).finally(line.end)
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  out.write(
    `${rows} candles of ${seriesText(key)} imported in ${seconds} s, ${rangeText(range)}` +
      `${empty === 0 ? '' : `; ${empty} intervals in between have none`}.\n`,
  )
}

const exportFile = async (
  stored: StoredCandles,
  { key, file, range }: Extract<CandleCommand, { kind: 'export' }>,
  { pool, out, progress }: CandleRun,
): Promise<void> => {
  const series = await stored.series(key)
  if (series === undefined || series.ranges.length === 0 || !(await stored.has(series.id, range)))
    throw new Error(
      `No candles of ${seriesText(key)} are stored${(series?.ranges.length ?? 0) === 0 ? '' : ' for that time'}.`,
    )
  const line = progressLine(progress)
  const rows = await exportCandles(pool, series, range, file, (written) => line.show(`${written} rows`)).finally(
    line.end,
  )
  out.write(`${rows} candles of ${seriesText(key)} written to ${file}.\n`)
}

const list = async (stored: StoredCandles, { out }: CandleRun): Promise<void> => {
  const all = await stored.all()
  if (all.length === 0) out.write('No candles are stored.\n')
  for (const { key, ranges } of all) out.write(`${seriesText(key)}: ${ranges.map(rangeText).join(', ')}\n`)
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

const seriesText = ({ connectorName, tradingPair, interval }: SeriesKey): string =>
  `${connectorName} ${tradingPair} ${interval}`

const rangeText = ({ from, to }: TimeRange): string => `${timeText(from)} to ${timeText(to)}`
