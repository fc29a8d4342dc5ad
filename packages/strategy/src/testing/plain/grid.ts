import type { GridLevels } from '../../backtest/simulators/grid-levels.ts'
import type { GridFill } from '../../backtest/simulators/simulation.ts'
import type { Candles } from '../../candles.ts'
import type { CloseType } from '../../executors/close-type.ts'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import { nearest } from '../../numbers/exact.ts'
import { cutAt, type PlainOutcome, type PlainRow, rowsUntil } from './outcome.ts'

/** The grid of the specification, sentence by sentence: every level looked at on every row. */
export const plainGrid = (
  config: GridExecutorConfig,
  { prices, amountQuote: amount, takeProfit }: GridLevels,
  candles: Candles,
  start: number,
  cost: number,
): PlainOutcome & { readonly fills: readonly GridFill[] } => {
  const { triple_barrier_config: barriers, keep_position } = config
  const buys = config.side === 'BUY'
  const sign = buys ? 1 : -1
  const [startPrice, endPrice, limit] = [config.start_price, config.end_price, config.limit_price].map(nearest) as [
    number,
    number,
    number,
  ]
  const rows = rowsUntil(candles, start, barriers.time_limit)
  const exits = prices.map((price) => price * (1 + sign * takeProfit))
  const table: PlainRow[] = []
  const fills: GridFill[] = []
  let active: readonly number[] = []
  const realized = { pnl: 0, fees: 0, amount: 0 }
  const roundTrip = (from: number, to: number) => (to - from) * sign * (amount / from) - 2 * cost * amount
  for (const [n, row] of rows.entries()) {
    const close = candles.close[row] as number
    const high = candles.high[row] as number
    const low = candles.low[row] as number
    const timestamp = candles.timestamp[row] as number
    let end: CloseType | undefined
    if (buys ? close > endPrice : close < startPrice) end = 'TAKE_PROFIT'
    else if (limit !== 0 && (buys ? close <= limit : close >= limit))
      end = keep_position ? 'POSITION_HOLD' : 'STOP_LOSS'
    const isDone = (level: number) => (buys ? high >= (exits[level] as number) : low <= (exits[level] as number))
    for (const level of active.filter(isDone)) {
      realized.pnl += roundTrip(prices[level] as number, exits[level] as number)
      realized.fees += 2 * cost * amount
      realized.amount += amount
      fills.push({ timestamp, price: exits[level] as number, side: 'tp', levelIndex: level, amountQuote: amount })
    }
    active = active.filter((level) => !isDone(level))
    if (end === undefined) {
      const entered = prices.flatMap((price, level) =>
        !active.includes(level) && (buys ? low <= price : high >= price) ? [level] : [],
      )
      for (const level of entered)
        fills.push({ timestamp, price: prices[level] as number, side: 'entry', levelIndex: level, amountQuote: amount })
      active = [...active, ...entered]
    }
    const isHeld = end === 'POSITION_HOLD'
    const open = isHeld ? [] : active
    const pnl = open.reduce((total, level) => total + roundTrip(prices[level] as number, close), realized.pnl)
    const filled = realized.amount + amount * open.length
    const fees = realized.fees + 2 * cost * amount * open.length
    const average =
      active.length > 0
        ? active.reduce((total, level) => total + (prices[level] as number) * amount, 0) / (amount * active.length)
        : (table[n - 1]?.average ?? 0)
    table.push({ pct: filled > 0 ? pnl / filled : 0, pnl, fees, filled, average })
    if (barriers.stop_loss && filled > 0 && pnl / filled <= -barriers.stop_loss) end = 'STOP_LOSS'
    if (end !== undefined) return { ...cutAt(table, n, end), fills }
  }
  return { ...cutAt(table, rows.length - 1, 'TIME_LIMIT'), fills }
}
