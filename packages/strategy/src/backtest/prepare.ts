import type { CandleFeed, Candles } from '../candles.ts'
import type { ControllerConfig, Features } from '../controllers/controller.ts'
import { BacktestImpossible, type BacktestInput, type BacktestMode } from './backtest.ts'
import { cutOut, mapColumns, pick, spacing } from './rows.ts'

/** What a backtest runs on. */
export interface Prepared {
  /** The rows that are traded. */
  readonly candles: Candles
  /** The columns of the answer, row by row beside `candles`. */
  readonly processed: Features
  /** What a row lasts, in seconds. */
  readonly resolution: number
  /** A feed as far as the mode lets it be seen at all. */
  readonly feed: (feed: CandleFeed) => Candles | undefined
}

type Column = readonly [name: string, values: Float64Array]

/** The columns of the candles that take the place of what features have under the same name. */
const OWN = ['timestamp', 'open', 'high', 'low', 'close', 'volume'] as const

const TOO_SHORT =
  'No row is left to trade on: the indicators of the controller need more candles than there are in the time asked for.'

/**
 * Joins each row with the last row of features that is known by then, and leaves out the rows on which something is not
 * known. `hummingbot` knows a candle with all its prices when it opens, and nothing from before the window; `realistic`
 * knows it once it has closed, and has its indicators warm when the window begins, as far as the feeds reach back.
 * @throws {BacktestImpossible} when no row remains.
 */
export const prepare = <Config extends ControllerConfig>(input: BacktestInput<Config>): Prepared => {
  const { controller, config, mode } = input
  const { from, to } = input.window ?? wholeOf(input.candles)
  const rows = cutOut(input.candles, from, to)
  if (rows.length === 0) throw new BacktestImpossible('There are no candles in the time that was asked for.')
  const resolution = spacing(rows.timestamp)
  const feed = (wanted: CandleFeed): Candles | undefined => {
    const series = input.feed(wanted)
    return series && cutOut(series, mode === 'hummingbot' ? from : Number.NEGATIVE_INFINITY, to)
  }
  const columns =
    controller.features === undefined
      ? withoutFeatures(rows)
      : withFeatures(rows, controller.features(config, feed, mode), mode, resolution)
  const known = pick(rowsKnown(rows, columns))
  const candles = mapColumns(rows, known)
  if (candles.length === 0) throw new BacktestImpossible(TOO_SHORT)
  const processed = tableOf(
    candles,
    columns.map(([name, values]) => [name, known(values)]),
  )
  return { candles, processed, resolution, feed }
}

const wholeOf = ({ timestamp }: Candles) => ({ from: timestamp[0] ?? 0, to: timestamp.at(-1) ?? 0 })

const withoutFeatures = ({ close, length }: Candles): readonly Column[] => [
  ['reference_price', close],
  ['spread_multiplier', new Float64Array(length).fill(1)],
  ['signal', new Float64Array(length)],
]

const withFeatures = (
  rows: Candles,
  features: Features | undefined,
  mode: BacktestMode,
  resolution: number,
): readonly Column[] => {
  if (features === undefined || features.timestamp.length === 0) throw new BacktestImpossible(TOO_SHORT)
  // A candle that opens at t is known when it has closed, and a row is decided on when it has closed.
  const delay = mode === 'hummingbot' ? 0 : spacingOr(features.timestamp, resolution) - spacingOr(rows.timestamp, 0)
  const join = pick(lastKnown(rows.timestamp, features.timestamp, delay))
  return [...features.columns].map(([name, values]) => [name, isOwn(name) ? values : join(values)])
}

const isOwn = (name: string): boolean => OWN.some((own) => own === name)

const spacingOr = (times: Float64Array, otherwise: number): number => {
  const seconds = spacing(times)
  return Number.isFinite(seconds) ? seconds : otherwise
}

/** For each of `times` the last of `sources` that lies `delay` before it or earlier; -1 where there is none. */
const lastKnown = (times: Float64Array, sources: Float64Array, delay: number): Int32Array => {
  const found = new Int32Array(times.length)
  let source = -1
  let next = sources[0] ?? Number.POSITIVE_INFINITY
  for (let n = 0; n < times.length; n++) {
    const latest = (times[n] as number) - delay
    while (next <= latest) next = sources[++source + 1] ?? Number.POSITIVE_INFINITY
    found[n] = source
  }
  return found
}

/** The rows without a NaN in any column. */
const rowsKnown = (rows: Candles, columns: readonly Column[]): Int32Array => {
  const candles = OWN.map((name) => rows[name])
  const joined = columns.filter(([name]) => !isOwn(name)).map(([, values]) => values)
  const all = [...candles, ...rows.extra.values(), ...joined]
  // Indicators are not known at first, and that is mostly all: gaps behind the beginning are looked for where there are.
  const first = all.reduce((row, values) => firstKnown(values, row), 0)
  const unknown = new Uint8Array(rows.length)
  for (const values of all) {
    if (!hasGap(values, first)) continue
    for (let n = first; n < values.length; n++) if (Number.isNaN(values[n])) unknown[n] = 1
  }
  let count = 0
  const known = new Int32Array(rows.length)
  for (let n = first; n < unknown.length; n++) if (unknown[n] === 0) known[count++] = n
  return known.subarray(0, count)
}

const firstKnown = (values: Float64Array, from: number): number => {
  let row = from
  while (row < values.length && Number.isNaN(values[row])) row++
  return row
}

/** A sum is NaN when one of its terms is; infinities may make it so too. */
const hasGap = (values: Float64Array, from: number): boolean => {
  let total = 0
  for (let n = from; n < values.length; n++) total += values[n] as number
  return Number.isNaN(total)
}

/** The answer's columns in its order: the candles, what was derived, and the candles once more where they are in it. */
const tableOf = (candles: Candles, columns: readonly Column[]): Features => {
  const table = new Map<string, Float64Array>()
  for (const name of OWN) table.set(`${name}_bt`, candles[name])
  for (const [name, values] of candles.extra) table.set(`${name}_bt`, values)
  for (const [name, values] of columns) table.set(name, values)
  for (const name of OWN) table.set(name, candles[name])
  return { timestamp: candles.timestamp, columns: table }
}
