/** Where trials are compared, as parts of the candles. */
export const CHECKPOINTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const

export interface PruningRule {
  /** Not before this part of the candles. */
  readonly after: number
  /** Nor before so many trials have come that far. */
  readonly trials: number
}

/** The profit and loss at each checkpoint that was reached. */
export type Curve = readonly number[]

/** What a trial must have at each checkpoint to go on; -Infinity: anything. */
export type Floors = readonly number[]

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The medians of earlier trials (Golovin et al., "Google Vizier: a service for black-box optimization", 2017, 3.1.2). */
export const floorsOf = (earlier: readonly Curve[], { after, trials }: PruningRule): Floors =>
  CHECKPOINTS.map((checkpoint, index) => {
    const reached = earlier.flatMap((curve) => curve[index] ?? [])
    return checkpoint < after || reached.length < trials ? -Infinity : median(reached)
  })

export interface Watch {
  readonly curve: readonly number[]
  /** Told how far a trial has come; false when it is not worth going on. At its end it is never too late. */
  goesOn(done: number, rows: number, pnlQuote: number): boolean
}

/** Compares a trial with its floors while it runs. The same reports give the same answer, whoever runs it. */
export const watchOver = (floors: Floors): Watch => {
  const curve: number[] = []
  return {
    curve,
    goesOn(done, rows, pnlQuote) {
      for (let index = curve.length; index < CHECKPOINTS.length; index += 1) {
        if (done < (CHECKPOINTS[index] ?? 1) * rows) break
        curve.push(pnlQuote)
        if (pnlQuote < (floors[index] ?? -Infinity) && done < rows) return false
      }
      return true
    },
  }
}
