import type { PackedCandles, PackedIntegers, PackedNumbers, PackedTimes } from './report-data.ts'

/** The integers of a packed column. */
export function unpackIntegers(packed: PackedIntegers): number[] {
  const bytes = atob(packed)
  const values: number[] = []
  let value = 0
  let weight = 1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at)
    value += (byte % 128) * weight
    if (byte >= 128) weight *= 128
    else {
      // Even ones are positive, odd ones negative.
      values.push(value % 2 === 0 ? value / 2 : -(value + 1) / 2)
      value = 0
      weight = 1
    }
  }
  return values
}

export function unpackTimes({ first, rows, runs }: PackedTimes): Float64Array {
  const times = new Float64Array(rows)
  if (rows === 0) return times
  const pairs = unpackIntegers(runs)
  let time = first
  let row = 0
  times[row++] = time
  for (let at = 0; at < pairs.length; at += 2) {
    for (let left = pairs[at + 1] ?? 0; left > 0; left--) {
      time += pairs[at] ?? 0
      times[row++] = time
    }
  }
  return times
}

/** Numbers whose differences were packed. */
export function unpackNumbers({ decimals, values }: PackedNumbers): Float64Array {
  const steps = unpackIntegers(values)
  const numbers = new Float64Array(steps.length)
  const unit = 10 ** decimals
  let sum = 0
  for (let row = 0; row < steps.length; row++) {
    sum += steps[row] ?? 0
    numbers[row] = sum / unit
  }
  return numbers
}

export interface ShownCandles {
  readonly time: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

export function unpackCandles(packed: PackedCandles): ShownCandles {
  const unit = 10 ** packed.decimals
  const [closes, opens, highs, lows] = [packed.close, packed.open, packed.high, packed.low].map(unpackIntegers)
  const rows = closes?.length ?? 0
  const [open, high, low, close] = [0, 1, 2, 3].map(() => new Float64Array(rows)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  let before = 0
  for (let row = 0; row < rows; row++) {
    const first = before + (opens?.[row] ?? 0)
    const last = before + (closes?.[row] ?? 0)
    open[row] = first / unit
    close[row] = last / unit
    high[row] = (Math.max(first, last) + (highs?.[row] ?? 0)) / unit
    low[row] = (Math.min(first, last) - (lows?.[row] ?? 0)) / unit
    before = last
  }
  return { time: unpackTimes(packed.times), open, high, low, close }
}
