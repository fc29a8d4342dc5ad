import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { z } from 'zod'
import { findController } from '../catalogue.ts'
import type { Features } from '../controller.ts'
import { featuresOf, seriesOf } from './asking.ts'
import { bollingerV1 } from './bollinger-v1.ts'
import { bollingerV2 } from './bollinger-v2.ts'
import { bollingrid } from './bollingrid.ts'
import { dmanV3 } from './dman-v3.ts'
import { macdBBV1 } from './macd-bb-v1.ts'
import { superTrendV1 } from './supertrend-v1.ts'

const folder = fileURLToPath(new URL('../../../../../../shared/spec/backtests/', import.meta.url))
const skip = existsSync(folder) ? false : 'SKIPPED: the backtests of the original are not on this machine'

const EXTRA = ['quote_asset_volume', 'n_trades', 'taker_buy_base_volume', 'taker_buy_quote_volume']

const minutes = (): readonly (readonly number[])[] =>
  gunzipSync(readFileSync(`${folder}candles_1m_200k.csv.gz`))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number))

/** Candles of more minutes, each under the time it opens. */
const aggregate = (rows: readonly (readonly number[])[], seconds: number): readonly (readonly number[])[] => {
  const groups = Map.groupBy(rows, ([time = 0]) => Math.floor(time / seconds) * seconds)
  return [...groups].map(([time, group]) => [
    time,
    group[0]?.[1] ?? Number.NaN,
    Math.max(...group.map((row) => row[2] ?? Number.NaN)),
    Math.min(...group.map((row) => row[3] ?? Number.NaN)),
    group.at(-1)?.[4] ?? Number.NaN,
    group.reduce((sum, row) => sum + (row[5] ?? Number.NaN), 0),
  ])
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
const countSignals = (features: Features, times: readonly number[]): Readonly<Record<string, number>> => {
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
  const rows = minutes()
  for (const name of ['bollinger_v1_1m', 'bollinger_v1_3m_trailing', 'dman_v3', 'macd_bb_v1']) {
    const expected = golden.parse(JSON.parse(readFileSync(`${folder}${name}_10000.json`, 'utf8')))
    const seen = rows.slice(0, expected.candles)
    const candles = seriesOf(aggregate(seen, interval(expected.config)), EXTRA)
    const controller = findController('directional_trading', expected.controller)
    const features = controller && featuresOf(controller, expected.config, candles)
    if (!features) {
      t.fail(`${name} has no features`)
      continue
    }
    t.same([...features.columns.keys()], expected.features_columns.slice(10), `${name}: the columns and their order`)
    const counts = countSignals(
      features,
      seen.map(([time = 0]) => time),
    )
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

t.test('every directional controller has signals of both sides and rows to trade on', { skip }, async (t) => {
  const rows = minutes().slice(0, 20_000)
  for (const controller of [bollingerV1, bollingerV2, bollingrid, dmanV3, macdBBV1, superTrendV1]) {
    const features = featuresOf(controller, { interval: '1m' }, seriesOf(rows))
    const counts =
      features &&
      countSignals(
        features,
        rows.map(([time = 0]) => time),
      )
    t.ok((counts?.['1'] ?? 0) > 0 && (counts?.['-1'] ?? 0) > 0 && (counts?.['0'] ?? 0) > 0, controller.name)
    t.equal(featuresOf(controller, {}, seriesOf(rows.slice(0, 5))), undefined, 'too few candles: no features')
    t.equal(featuresOf(controller, {}, undefined), undefined, 'no candles: no features')
  }
})

t.test('SuperTrend columns: one line, its direction, and the line of each direction', async (t) => {
  const rows = Array.from({ length: 400 }, (_, row) => {
    const close = 100 + 10 * Math.sin(row / 40)
    return [row * 180, close, close + 0.1, close - 0.1, close, 1]
  })
  const features = featuresOf(superTrendV1, {}, seriesOf(rows))
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
