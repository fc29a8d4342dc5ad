import type { Candles } from '../../candles.ts'
import type { CloseType } from '../../executors/close-type.ts'
import { Decimal, everyDigitOf } from '../../positions/decimal.ts'

/** The figures of one row. */
export interface PlainRow {
  pct: number
  pnl: number
  fees: number
  filled: number
  average: number
}

export interface PlainOutcome {
  readonly closeType: CloseType
  readonly rows: readonly PlainRow[]
}

/** The rows from a start to a time limit, as numbers of the series. */
export const rowsUntil = (
  { length, timestamp }: Candles,
  start: number,
  timeLimit: number | null,
): readonly number[] => {
  const until = timeLimit ? (timestamp[start] as number) + timeLimit : Number.POSITIVE_INFINITY
  return Array.from({ length: length - start }, (_, n) => start + n).filter(
    (row) => (timestamp[row] as number) <= until,
  )
}

export const emptyRows = (count: number, average: number): PlainRow[] =>
  Array.from({ length: count }, () => ({ pct: 0, pnl: 0, fees: 0, filled: 0, average }))

/** A double against a decimal, without rounding either. */
export const isReached = (side: 'BUY' | 'SELL', close: number, limit: string): boolean => {
  const order = everyDigitOf(close).comparedTo(new Decimal(limit))
  return side === 'BUY' ? order <= 0 : order >= 0
}

/** From an entry on: `close_k / close_{k-1} - 1` of each row, multiplied up. */
export const cumulativeReturns = ({ close }: Candles, rows: readonly number[], entry: number): number[] => {
  let product = 1
  return rows.map((row) => {
    if (row > entry) product *= 1 + ((close[row] as number) / (close[row - 1] as number) - 1)
    return product
  })
}

/** The rows up to the end, the last of them with the volume of both ways. */
export const cutAt = (rows: readonly PlainRow[], last: number, closeType: CloseType): PlainOutcome => ({
  closeType,
  rows: rows.slice(0, last + 1).map((row, n) => (n === last ? { ...row, filled: 2 * row.filled } : row)),
})

/** The first of several ends, by row and then by the order in which they are asked for. */
export const firstEnd = (
  ends: readonly (readonly [CloseType | undefined, number])[],
): readonly [CloseType | undefined, number] => {
  const [first = [undefined, -1] as const] = ends.filter(([, row]) => row >= 0).toSorted((a, b) => a[1] - b[1])
  return first
}
