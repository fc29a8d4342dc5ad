import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../report.ts'
import { BACKTEST_CASES, type BacktestCase } from './cases.ts'
import type { CaseMeasured } from './one-case.ts'
import { isAtHand, SERIES, type SeriesName } from './series.ts'

const MOST_MEGABYTES = 300

const entry = fileURLToPath(new URL('./one-case.js', import.meta.url))
const execute = promisify(execFile)

/** Backtests at the engine: each case on each series, alone in a process, warm. */
export const measureBacktests = async (): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  const peaks: number[] = []
  for (const series of SERIES) {
    if (!isAtHand(series)) {
      console.log(`no figures of backtests on the ${series} candles: the data is not at hand`)
      continue
    }
    for (const each of BACKTEST_CASES) {
      const measured = await inItsProcess(each, series)
      figures.push(...figuresOf(each, series, measured))
      peaks.push(measured.peak)
    }
  }
  const target = { atMost: MOST_MEGABYTES }
  return [...figures, { name: 'backtests: peak memory of a process', value: Math.max(...peaks), unit: 'MB', target }]
}

/** The heap that the service gives a worker unless told. */
const HEAP = ['--max-old-space-size=512', '--max-semi-space-size=8']

const inItsProcess = async ({ name }: BacktestCase, series: SeriesName): Promise<CaseMeasured> => {
  const { stdout } = await execute(process.execPath, [...HEAP, entry, name, series])
  return JSON.parse(stdout) as CaseMeasured
}

const figuresOf = (
  { name, target }: BacktestCase,
  series: SeriesName,
  { rows, ms, executors }: CaseMeasured,
): readonly Figure[] => {
  const what = `backtest of ${name}, ${rows} rows (${series}), ${executors} executors`
  return [
    { name: what, value: (rows * 1000) / ms, unit: 'rows/s', target: { atLeast: target } },
    { name: what, value: ms, unit: 'ms' },
  ]
}
