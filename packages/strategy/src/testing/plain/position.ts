import type { Candles } from '../../candles.ts'
import type { PositionExecutorConfig } from '../../executors/executor-config.ts'
import { cumulativeReturns, cutAt, emptyRows, firstEnd, isReached, type PlainOutcome, rowsUntil } from './outcome.ts'

/** The position of the specification, sentence by sentence, with everything looked for in whole columns. */
export const plainPosition = (
  config: PositionExecutorConfig,
  limit: string,
  candles: Candles,
  start: number,
  cost: number,
): PlainOutcome => {
  const { side, amount, triple_barrier_config: barriers } = config
  const { take_profit: tp, stop_loss: sl, trailing_stop: trailing } = barriers
  const sign = side === 'BUY' ? 1 : -1
  const rows = rowsUntil(candles, start, barriers.time_limit)
  const close = (row: number) => candles.close[row] as number
  const table = emptyRows(rows.length, Number(limit))
  const last = rows.length - 1
  const entered =
    barriers.open_order_type === 'MARKET' ? 0 : rows.findIndex((row) => isReached(side, close(row), limit))
  if (entered < 0) return cutAt(table, last, 'TIME_LIMIT')
  const entryRow = rows[entered] as number
  const entry = close(entryRow)
  const cumulative = cumulativeReturns(candles, rows, entryRow)
  for (let n = entered; n < rows.length; n++) {
    const row = table[n]
    if (row === undefined) continue
    row.pct = ((cumulative[n] as number) - 1) * sign - 2 * cost
    row.filled = amount * entry
    row.pnl = row.pct * row.filled
    row.fees = 2 * cost * row.filled
  }
  const pcts = table.map(({ pct }) => pct)
  const takeProfit = tp ? pcts.findIndex((pct) => pct > tp) : -1
  const stop = sl ? entry * (1 - sl * sign) : Number.NaN
  const stopLoss = rows.findIndex((row) =>
    sign === 1 ? (candles.low[row] as number) <= stop : (candles.high[row] as number) >= stop,
  )
  let trailingStop = -1
  if (trailing?.activation_price && trailing.trailing_delta) {
    const { activation_price, trailing_delta } = trailing
    const active = pcts.findIndex((pct) => pct > activation_price)
    trailingStop = pcts.findIndex((pct, n) => {
      const line = Math.max(...pcts.slice(0, n + 1).map((past) => past - trailing_delta))
      return active >= 0 && n >= active && pct < line
    })
  }
  const [closeType = 'TIME_LIMIT', end] = firstEnd([
    ['TAKE_PROFIT', takeProfit],
    ['STOP_LOSS', stopLoss],
    ['TRAILING_STOP', trailingStop],
    ['TIME_LIMIT', last],
  ])
  return cutAt(table, end, closeType)
}
