/** Open times from `from` up to but not including `to`, epoch milliseconds. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** The part of a range that lies in another; undefined where they do not meet. */
export const overlap = (one: TimeRange, other: TimeRange): TimeRange | undefined => {
  const from = Math.max(one.from, other.from)
  const to = Math.min(one.to, other.to)
  return from < to ? { from, to } : undefined
}

/** The number of the piece a time lies in. */
export const pieceOf = (time: number, size: number): number => Math.floor(time / size)

/** Cuts a range at the multiples of `size`, so that whoever asks for overlapping ranges asks for the same pieces. */
export const pieces = (range: TimeRange, size: number): readonly TimeRange[] => {
  const cut: TimeRange[] = []
  for (let from = range.from; from < range.to; ) {
    const to = Math.min(range.to, (pieceOf(from, size) + 1) * size)
    cut.push({ from, to })
    from = to
  }
  return cut
}

/** For people: `2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z, …`. */
export const rangesText = (ranges: readonly TimeRange[]): string =>
  ranges.map(({ from, to }) => `${timeText(from)} to ${timeText(to)}`).join(', ')

export const timeText = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')
