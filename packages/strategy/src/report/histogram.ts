export interface Bin {
  readonly from: number
  readonly to: number
  readonly count: number
}

const MOST_BINS = 40

/** How values are spread: bins of one round width, 0 on an edge, from the lowest value to the highest. */
export const histogram = (values: readonly number[]): readonly Bin[] => {
  const known = values.filter(Number.isFinite)
  if (known.length === 0) return []
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of known) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const width = roundWidth(least, most)
  const first = Math.floor(least / width)
  const counts = new Array<number>(Math.floor(most / width) - first + 1).fill(0)
  for (const value of known) {
    const bin = Math.floor(value / width) - first
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts.map((count, index) => ({ from: (first + index) * width, to: (first + index + 1) * width, count }))
}

/** 1, 2 or 5 times a power of ten, so that there are no more than `MOST_BINS`. */
const roundWidth = (least: number, most: number): number => {
  const span = most - least || Math.abs(most) || 1
  // No finer than doubles of that size can be told apart.
  const raw = Math.max(span / (MOST_BINS - 2), Math.max(Math.abs(least), Math.abs(most)) * 1e-9, 1e-15)
  const power = 10 ** Math.floor(Math.log10(raw))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw) ?? 10
  return factor * power
}
