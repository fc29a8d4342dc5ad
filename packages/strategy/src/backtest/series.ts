import type { HeldSeries, PnlSeries } from './backtest.ts'
import type { Holds } from './holds.ts'

/** The profit of every row, written as the engine goes. */
export const pnlSeries = (timestamp: Float64Array): PnlSeries => {
  const column = () => new Float64Array(timestamp.length)
  return {
    length: timestamp.length,
    timestamp,
    executorRealized: column(),
    positionRealized: column(),
    positionUnrealized: column(),
    total: column(),
    activeExecutors: new Int32Array(timestamp.length),
    cumulativeVolume: column(),
    executorUnrealized: column(),
  }
}

/** What is held, on the rows on which something is; has no memory before that. */
export class HeldRecorder {
  #length = 0
  #series: HeldSeries = heldSeries(0)

  constructor(private readonly rows: number) {}

  record(timestamp: number, holds: Holds): void {
    if (this.#series.length === 0) this.#series = heldSeries(this.rows)
    const row = this.#length++
    this.#series.timestamp[row] = timestamp
    this.#series.longAmount[row] = holds.long
    this.#series.shortAmount[row] = holds.short
    this.#series.unrealizedPnl[row] = holds.unrealized
    this.#series.realizedPnl[row] = holds.realized
    this.#series.holds[row] = holds.open
  }

  get series(): HeldSeries {
    const length = this.#length
    const { timestamp, longAmount, shortAmount, unrealizedPnl, realizedPnl, holds } = this.#series
    return {
      length,
      timestamp: timestamp.subarray(0, length),
      longAmount: longAmount.subarray(0, length),
      shortAmount: shortAmount.subarray(0, length),
      unrealizedPnl: unrealizedPnl.subarray(0, length),
      realizedPnl: realizedPnl.subarray(0, length),
      holds: holds.subarray(0, length),
    }
  }
}

const heldSeries = (length: number): HeldSeries => ({
  length,
  timestamp: new Float64Array(length),
  longAmount: new Float64Array(length),
  shortAmount: new Float64Array(length),
  unrealizedPnl: new Float64Array(length),
  realizedPnl: new Float64Array(length),
  holds: new Int32Array(length),
})
