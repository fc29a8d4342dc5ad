import type { Candles } from '../../candles.ts'
import type { DcaExecutorConfig } from '../../executors/executor-config.ts'
import { Decimal } from '../../positions/decimal.ts'
import { cumulativeReturns, cutAt, emptyRows, firstEnd, isReached, type PlainOutcome, rowsUntil } from './outcome.ts'

interface Stage {
  readonly entry: number
  readonly end: number
  readonly closeType: 'TAKE_PROFIT' | 'STOP_LOSS' | 'TRAILING_STOP' | 'TIME_LIMIT' | undefined
  readonly average: number
}

/** What the original raises, or throws away. */
export type PlainFailure = 'raises' | 'FAILED'

/** The DCA of the specification, sentence by sentence: all stages over the whole window, and only then the rows. */
export const plainDca = (
  config: DcaExecutorConfig,
  limits: readonly string[],
  candles: Candles,
  start: number,
  cost: number,
): PlainOutcome | PlainFailure => {
  const { side, amounts_quote: amounts } = config
  const sign = side === 'BUY' ? 1 : -1
  const rows = rowsUntil(candles, start, config.time_limit)
  const closes = rows.map((row) => candles.close[row] as number)
  const last = rows.length - 1
  const stages: Stage[] = []
  let lastEntry: number | undefined
  for (let level = 0; level < limits.length; level++) {
    const entry = closes.findIndex((close) => isReached(side, close, limits[level] as string))
    lastEntry = entry < 0 ? undefined : entry
    if (entry < 0) break
    const average = breakEven(limits, amounts, level)
    const find = (test: (n: number) => boolean) => rows.findIndex((_, n) => n >= entry && test(n))
    const close = (n: number) => closes[n] as number
    const { take_profit: tp, stop_loss: sl } = config
    const target = shareAway(average, sign * (tp ?? 0))
    const takeProfit = tp ? find((n) => isReached(OPPOSITE[side], close(n), target)) : -1
    const isStopped = level === limits.length - 1 && !!sl
    if (!isStopped && level + 1 === limits.length) return 'raises'
    const stop = shareAway(average, -sign * (sl ?? 0))
    const stopLoss = isStopped
      ? find((n) => {
          const row = rows[n] as number
          return isReached(side, (sign === 1 ? candles.low : candles.high)[row] as number, stop)
        })
      : -1
    const next = isStopped ? -1 : find((n) => isReached(side, close(n), limits[level + 1] as string))
    const trailing = trailingEnd(config, average, closes, entry)
    const [closeType, end] = firstEnd([
      ['TAKE_PROFIT', takeProfit],
      ['STOP_LOSS', stopLoss],
      ['TRAILING_STOP', trailing],
      [undefined, next],
      ['TIME_LIMIT', last],
    ])
    stages.push({ entry, end, closeType: closeType as Stage['closeType'], average: average.toNumber() })
  }
  const table = emptyRows(rows.length, Number(limits[0]))
  if (stages.length === 0) return cutAt(table, last, 'TIME_LIMIT')
  for (const [n, { entry, end, closeType, average }] of stages.entries()) {
    const cumulative = cumulativeReturns(candles, rows, rows[entry] as number)
    for (const [at, row] of table.entries()) {
      if (lastEntry === undefined || at < lastEntry) continue
      row.filled += amounts[n] as number
      row.pnl += (at < entry ? 0 : ((cumulative[at] as number) - 1) * sign - 2 * cost) * (amounts[n] as number)
      row.fees = 2 * cost * row.filled
      row.pct = row.pnl / row.filled
      row.average = average
    }
    if (closeType !== undefined) return cutAt(table, end, closeType)
  }
  return 'FAILED'
}

const OPPOSITE = { BUY: 'SELL', SELL: 'BUY' } as const

/** A price so many parts of it away, in decimals as the price itself. */
const shareAway = (price: Decimal, share: number): string => new Decimal(1).plus(share).times(price).toFixed()

const breakEven = (limits: readonly string[], amounts: readonly number[], level: number): Decimal => {
  if (level === 0) return new Decimal(limits[0] as string)
  const upTo = amounts.slice(0, level + 1).map((amount) => new Decimal(amount))
  const weighted = upTo.map((amount, n) => amount.times(new Decimal(limits[n] as string)))
  return Decimal.sum(...weighted).div(Decimal.sum(...upTo))
}

const trailingEnd = (
  { side, trailing_stop: trailing }: DcaExecutorConfig,
  average: Decimal,
  closes: readonly number[],
  entry: number,
): number => {
  if (trailing === null) return -1
  const { activation_price, trailing_delta } = trailing
  const buys = side === 'BUY'
  const from = shareAway(average, buys ? activation_price : -activation_price)
  const active = closes.findIndex((close, n) => n >= entry && isReached(OPPOSITE[side], close, from))
  if (active < 0) return -1
  return closes.findIndex((close, n) => {
    if (n < active) return false
    const lines = closes.slice(active, n + 1).map((past) => past * (buys ? 1 - trailing_delta : 1 + trailing_delta))
    return buys ? close <= Math.max(...lines) : close >= Math.min(...lines)
  })
}
