/** The last row at or before a time; -1 before the first. */
export function rowAt(times: ArrayLike<number>, time: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** How far a profit lies below its highest so far, row by row. */
export function drawdownOf(total: Float64Array): Float64Array {
  const drawdown = new Float64Array(total.length)
  let peak = Number.NEGATIVE_INFINITY
  for (let row = 0; row < total.length; row++) {
    const value = total[row] ?? 0
    if (value > peak) peak = value
    drawdown[row] = value - peak
  }
  return drawdown
}
