import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { scripted } from '../../testing/backtests/scripted.ts'
import { differences } from '../../testing/differences.ts'
import { randomWalk } from '../../testing/random-walk.ts'
import { firstRows } from '../../testing/series.ts'
import type { BacktestResult } from '../backtest.ts'
import { runBacktest } from '../run-backtest.ts'
import { backtestAnswer } from './answer.ts'

const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'AAA-USDT' }

/** The series of the golden cases that they call rw_a. */
const series = randomWalk({
  seed: 1,
  rows: 600,
  step: 60,
  start: 100,
  decimals: 2,
  drift: 0,
  volatility: 0.002,
  wick: 0.0008,
})

/** Two bought with barriers and two sold for good, on the first rows of a series. */
const result = (rows: number, script: Readonly<Record<string, readonly unknown[]>>): BacktestResult => {
  const { controller, config } = scripted({ script, total_amount_quote: '1000' }, MARKET)
  return runBacktest({
    controller,
    config,
    market: MARKET,
    candles: firstRows(series, rows),
    feed: () => undefined,
    rules: undefined,
    tradeCost: 0.0006,
    mode: 'hummingbot',
  })
}

const sold = { action: 'create', id: 'o', type: 'order', side: 'SELL', strategy: 'MARKET', amount: '2' }
const bought = {
  action: 'create',
  id: 'p',
  type: 'position',
  side: 'BUY',
  amount: '1.5',
  tp: '0.05',
  sl: '0.05',
  tl: 600,
}

/** JSON with every number beside the form it is written in: 2 and 2.0 are not the same there. */
const read = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? { value, form: /[.e]/.test(context?.source ?? '') ? 'float' : 'integer' } : value,
  )

const sample = new URL(
  '../../../../../../shared/spec/executors/golden/rest_backtest_response_sample.json',
  import.meta.url,
)
const skip = existsSync(sample) ? false : 'the specification is not beside the repository'

/** The first entries of each map in a map, which is what the sample has kept of the table. */
const firstOfEach = (table: object, count: number) =>
  Object.fromEntries(
    Object.entries(table).map(([name, column]) => [
      name,
      Object.fromEntries(Object.entries(Object(column)).slice(0, count)),
    ]),
  )

/** All keys of a value, those inside it too, in their order. */
const keysOf = (value: unknown): readonly string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])

t.test('the answer is the one the original has sent, up to the form of every number', { skip }, async (t) => {
  const text = [...backtestAnswer(result(40, { 3: [{ ...bought, level_id: 'lvl_0' }], 5: [sold] }))].join('')
  const answer = Object(read(text.replaceAll('"scripted-1"', '"EXEC-P"').replaceAll('"scripted-2"', '"EXEC-O"')))
  const { processed_data_note: _, ...expected } = Object(read(readFileSync(sample, 'utf8')))
  const kept = {
    ...answer,
    processed_data: firstOfEach(answer.processed_data, 3),
    position_held_timeseries: answer.position_held_timeseries.slice(0, 3),
    pnl_timeseries: [...answer.pnl_timeseries.slice(0, 3), ...answer.pnl_timeseries.slice(-2)],
  }
  t.same(differences('', expected, kept), [])
  // The order of the keys is what readers of tables see.
  t.same(keysOf(kept), keysOf(expected))
})

t.test('without an executor every figure is the number zero', async (t) => {
  const answer = Object(read([...backtestAnswer(result(3, {}))].join('')))
  t.same(answer.results.close_types, { value: 0, form: 'integer' })
  t.ok(Object.values(answer.results).every((figure) => Object(figure).value === 0 && Object(figure).form === 'integer'))
  t.same([answer.executors, answer.position_holds, answer.position_held_timeseries], [[], [], []])
  t.equal(answer.pnl_timeseries.length, 3)
})

t.test('it comes in pieces, and what is not known is zero', async (t) => {
  const base = result(600, { 5: [sold] })
  const columns = new Map([...base.processed.columns, ['gap', new Float64Array(600).fill(Number.NaN)]] as const)
  const pieces = [...backtestAnswer({ ...base, processed: { ...base.processed, columns } })]
  t.ok(pieces.length > 10)
  t.ok(pieces.every(({ length }) => length < 70_000))
  const answer = Object(JSON.parse(pieces.join('')))
  t.same(new Set(Object.values(answer.processed_data.gap)), new Set([0]))
})
