import { findController, runBacktest } from '@colibri/strategy'
import { BACKTEST_CASES, MARKET, pricesOf, RULES, TRADE_COST } from './cases.ts'
import { intervalOf, loadSeries, SERIES } from './series.ts'

/** The first runs are the compilers'. */
const WARM_UP = 3
const RUNS = 5

/** What a process tells of the case it has measured. */
export interface CaseMeasured {
  readonly rows: number
  /** The median of the runs. */
  readonly ms: number
  readonly executors: number
  /** The most memory the process had, in MB. */
  readonly peak: number
}

/** `one-case.js <name of the case> <name of the series>`: measures it alone in a process and prints what it found. */
const measure = (name: string | undefined, seriesName: string | undefined): CaseMeasured => {
  const chosen = BACKTEST_CASES.find((each) => each.name === name)
  const series = SERIES.find((each) => each === seriesName)
  if (chosen === undefined || series === undefined) throw new Error(`there is no case ${name} on ${seriesName}`)
  const candles = loadSeries(series)
  const given = chosen.config(pricesOf(candles, intervalOf(series)))
  const controller = findController(chosen.type, chosen.name)
  if (controller === undefined) throw new Error(`there is no controller ${chosen.name}`)
  const config = controller.schema.parse(given)
  const times: number[] = []
  let executors = 0
  for (let run = 0; run < WARM_UP + RUNS; run++) {
    const begin = performance.now()
    const result = runBacktest({
      controller,
      config,
      market: MARKET,
      candles,
      feed: () => candles,
      rules: RULES,
      tradeCost: TRADE_COST,
      mode: 'hummingbot',
    })
    if (run >= WARM_UP) times.push(performance.now() - begin)
    executors = result.executors.length
  }
  const ms = times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN
  return { rows: candles.length, ms, executors, peak: process.resourceUsage().maxRSS / 1024 }
}

console.log(JSON.stringify(measure(process.argv[2], process.argv[3])))
