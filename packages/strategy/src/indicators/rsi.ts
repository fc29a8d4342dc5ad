import { rowsOf, unavailable } from './series.ts'

/** Below this nothing moved, and the index is 0. */
const NOTHING = 1e-14

/**
 * Relative strength index, 0 to 100, from row `length` on: gains and losses start as plain means of the first `length`
 * changes and go on as Wilder's averages (Wilder 1978; TA-Lib RSI).
 */
export const rsi = (values: Float64Array, length: number): Float64Array => {
  rowsOf('length', length)
  const indexes = unavailable(values.length)
  let gains = 0
  let losses = 0
  for (let row = 1; row < values.length; row++) {
    const change = (values[row] as number) - (values[row - 1] as number)
    const [gain, loss] = [Math.max(change, 0), Math.max(-change, 0)]
    gains = row <= length ? gains + gain : (gains * (length - 1) + gain) / length
    losses = row <= length ? losses + loss : (losses * (length - 1) + loss) / length
    if (row < length) continue
    if (row === length) {
      gains /= length
      losses /= length
    }
    indexes[row] = gains + losses < NOTHING ? 0 : (100 * gains) / (gains + losses)
  }
  return indexes
}
