import { emaWeight } from './ema.ts'
import { lastOf, meanOf, rowsOf, unavailable } from './series.ts'

export interface Macd {
  readonly line: Float64Array
  readonly signal: Float64Array
  readonly histogram: Float64Array
}

export interface MacdLengths {
  readonly fast: number
  readonly slow: number
  readonly signal: number
}

/**
 * Moving average convergence and divergence as TA-Lib's MACD has it: both averages start on row `slow - 1`, the fast one
 * as the mean of the last `fast` rows up to it. Nothing, the line included, before row `slow + signal - 2`. A slow length
 * below the fast one changes places with it.
 */
export const macd = (values: Float64Array, lengths: MacdLengths): Macd => {
  const into = unavailableMacd(values.length)
  writeMacd(values, lengths, into)
  return into
}

/** On each row what `macd` gives for the last `window` rows up to it, as it is seen live; nothing before there are so many. */
export const slidingMacd = (values: Float64Array, lengths: MacdLengths, window: number): Macd => {
  const [all, seen] = [unavailableMacd(values.length), unavailableMacd(window)]
  for (let end = window; end <= values.length; end++) {
    writeMacd(values.subarray(end - window, end), lengths, seen)
    all.line[end - 1] = lastOf(seen.line)
    all.signal[end - 1] = lastOf(seen.signal)
    all.histogram[end - 1] = lastOf(seen.histogram)
  }
  return all
}

/** One of so many rows without a value yet, to be written into. */
export const unavailableMacd = (rows: number): Macd => ({
  line: unavailable(rows),
  signal: unavailable(rows),
  histogram: unavailable(rows),
})

/** Writes `macd` into one that is there; rows before its first value are left without one. */
export const writeMacd = (values: Float64Array, lengths: MacdLengths, { line, signal, histogram }: Macd): void => {
  const signalLength = rowsOf('signal', lengths.signal)
  const fastLength = rowsOf('fast', Math.min(lengths.fast, lengths.slow))
  const slowLength = rowsOf('slow', Math.max(lengths.fast, lengths.slow))
  const first = slowLength + signalLength - 2
  if (values.length <= first) return

  const [fastWeight, slowWeight] = [emaWeight(fastLength), emaWeight(slowLength)]
  let slow = meanOf(values, 0, slowLength)
  let fast = meanOf(values, slowLength - fastLength, fastLength)
  line[slowLength - 1] = fast - slow
  for (let row = slowLength; row < values.length; row++) {
    const value = values[row] as number
    fast += (value - fast) * fastWeight
    slow += (value - slow) * slowWeight
    line[row] = fast - slow
  }

  const weight = emaWeight(signalLength)
  let average = meanOf(line, slowLength - 1, signalLength)
  for (let row = first; row < values.length; row++) {
    const value = line[row] as number
    if (row > first) average = (value - average) * weight + average
    signal[row] = average
    histogram[row] = value - average
  }
  line.fill(Number.NaN, 0, first)
}
