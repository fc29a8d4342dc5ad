import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { z } from 'zod'
import { mapColumns } from '../../backtest/rows.ts'
import type { Candles } from '../../candles.ts'
import { configOf, featuresOf } from '../../testing/features.ts'
import { candlesOf, candlesOfCsv, firstRows, longerCandles, withEmptyExtras } from '../../testing/series.ts'
import { findController } from '../catalogue.ts'
import type { Controller, Features } from '../controller.ts'
import { bollingerV1 } from './bollinger-v1.ts'
import { bollingerV2 } from './bollinger-v2.ts'
import { bollingrid } from './bollingrid.ts'
import { dmanV3 } from './dman-v3.ts'
import { macdBBV1 } from './macd-bb-v1.ts'
import { superTrendV1 } from './supertrend-v1.ts'

const folder = fileURLToPath(new URL('../../../../../../shared/spec/backtests/', import.meta.url))
const skip = existsSync(folder) ? false : 'the backtests of the original are not on this machine'

/** Of the 200,000 rows as many as are asked for: what follows is not read. */
const minutes = (rows: number): Candles => {
  const text = gunzipSync(readFileSync(`${folder}candles_1m_200k.csv.gz`)).toString()
  return candlesOfCsv(text.split('\n', rows + 1).join('\n'))
}

const golden = z.object({
  candles: z.number(),
  controller: z.string(),
  config: z.record(z.string(), z.unknown()),
  features_rows: z.number(),
  features_columns: z.array(z.string()),
  features_last_row: z.record(z.string(), z.number()),
  signals: z.record(z.string(), z.number()),
})

const interval = (config: Readonly<Record<string, unknown>>): number => (config['interval'] === '3m' ? 180 : 60)

/** How often each signal is seen on the minutes: each sees the last row of features that has begun by then. */
const countSignals = (features: Features, times: Float64Array): Readonly<Record<string, number>> => {
  const columns = [...features.columns.values()]
  const counts: Record<string, number> = {}
  let row = -1
  for (const time of times) {
    while ((features.timestamp[row + 1] ?? Number.POSITIVE_INFINITY) <= time) row++
    if (columns.some((column) => Number.isNaN(column[row] ?? Number.NaN))) continue
    const signal = String(features.columns.get('signal')?.[row])
    counts[signal] = (counts[signal] ?? 0) + 1
  }
  return counts
}

t.test('the signals and last features of the original', { skip }, async (t) => {
  for (const name of ['bollinger_v1_1m', 'bollinger_v1_3m_trailing', 'dman_v3', 'macd_bb_v1']) {
    const expected = golden.parse(JSON.parse(readFileSync(`${folder}${name}_10000.json`, 'utf8')))
    const seen = minutes(expected.candles)
    const candles = withEmptyExtras(longerCandles(seen, interval(expected.config)))
    const controller = findController('directional_trading', expected.controller)
    const features = controller && featuresOf(controller, expected.config, candles)
    if (!features) {
      t.fail(`${name} has no features`)
      continue
    }
    t.same([...features.columns.keys()], expected.features_columns.slice(10), `${name}: the columns and their order`)
    const counts = countSignals(features, seen.timestamp)
    t.same(counts, expected.signals, `${name}: the signals`)
    t.equal(
      Object.values(counts).reduce((sum, count) => sum + count, 0),
      expected.features_rows,
    )
    for (const column of [...features.columns.keys()].slice(10)) {
      const [actual, wanted] = [features.columns.get(column)?.at(-1), expected.features_last_row[column]]
      t.ok(Math.abs((actual ?? Number.NaN) - (wanted ?? Number.NaN)) <= 1e-12, `${name}: ${column}`)
    }
  }
})

const directionals: readonly Controller[] = [bollingerV1, bollingerV2, bollingrid, dmanV3, macdBBV1, superTrendV1]

const lastCandles = (candles: Candles, rows: number): Candles =>
  mapColumns(candles, (column) => column.subarray(column.length - rows))

t.test('a realistic backtest sees on each row what is seen live', { skip }, async (t) => {
  const candles = minutes(3_000)
  for (const controller of directionals) {
    const own = controller === dmanV3 ? { dynamic_order_spread: true } : {}
    const window = controller.feeds?.(configOf(controller, own))[0]?.window ?? Number.NaN
    // The average true range never quite forgets what was before the window.
    const tolerance = controller === superTrendV1 ? 1e-5 : 1e-6
    const backtested = featuresOf(controller, own, candles, 'realistic')
    const ends = Array.from({ length: Math.floor((candles.length - window) / 7) }, (_, n) => window + 7 * n)
    const wrong = ends.flatMap((rows) => {
      const live = featuresOf(controller, own, lastCandles(firstRows(candles, rows), window), 'live')
      return [...(backtested?.columns ?? [])].flatMap(([name, values]) => {
        const [now, then] = [live?.columns.get(name)?.at(-1) ?? Number.NaN, values[rows - 1] ?? Number.NaN]
        return Math.abs(now - then) <= tolerance * Math.max(1, Math.abs(now)) ? [] : [{ name, rows, now, then }]
      })
    })
    t.ok(ends.length > 300 && backtested !== undefined)
    t.same(wrong, [], controller.name)
  }
})

t.test('every directional controller has signals of both sides and rows to trade on', { skip }, async (t) => {
  const candles = minutes(20_000)
  for (const controller of directionals) {
    const features = featuresOf(controller, { interval: '1m' }, candles)
    const counts = features && countSignals(features, candles.timestamp)
    t.ok((counts?.['1'] ?? 0) > 0 && (counts?.['-1'] ?? 0) > 0 && (counts?.['0'] ?? 0) > 0, controller.name)
    t.equal(featuresOf(controller, {}, firstRows(candles, 5)), undefined, 'too few candles: no features')
    t.equal(featuresOf(controller, {}, undefined), undefined, 'no candles: no features')
  }
})

t.test('SuperTrend columns: one line, its direction, and the line of each direction', async (t) => {
  const rows = Array.from({ length: 400 }, (_, row) => {
    const close = 100 + 10 * Math.sin(row / 40)
    return [row * 180, close, close + 0.1, close - 0.1, close, 1]
  })
  const features = featuresOf(superTrendV1, {}, candlesOf(rows))
  const column = (name: string) => features?.columns.get(name) ?? new Float64Array(0)
  t.same([...(features?.columns.keys() ?? [])].slice(6), [
    'SUPERT_20_4.0',
    'SUPERTd_20_4.0',
    'SUPERTl_20_4.0',
    'SUPERTs_20_4.0',
    'percentage_distance',
    'signal',
  ])
  const [line, long, short] = [column('SUPERT_20_4.0'), column('SUPERTl_20_4.0'), column('SUPERTs_20_4.0')]
  t.equal(
    line.findIndex((value) => !Number.isNaN(value)),
    20,
  )
  t.ok(line.every((value, row) => row < 20 || value === (long[row] ?? 0) + (short[row] ?? 0)))
  t.ok(long.includes(0) && short.includes(0))
})
