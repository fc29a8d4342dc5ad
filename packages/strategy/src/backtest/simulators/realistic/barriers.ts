import type { CloseType } from '../../../executors/close-type.ts'
import type { TrailingStop } from '../../../executors/executor-config.ts'

export interface BarrierSettings {
  readonly takeProfit: number | null
  readonly stopLoss: number | null
  readonly trailing: TrailingStop | null
}

/**
 * The prices at which something open is closed, multiplied by its side's sign: the floor below it and the target above it.
 * Both are distances from the average entry; the trailing stop keeps a gain, less its delta, once that gain was reached.
 */
export class Barriers {
  floor = Number.NEGATIVE_INFINITY
  floorType: CloseType = 'STOP_LOSS'
  target = Number.POSITIVE_INFINITY
  private readonly sign: 1 | -1
  private readonly takeProfit: number
  private readonly activation: number
  private readonly delta: number
  private average = 0
  private stop = Number.NEGATIVE_INFINITY
  /** The gain that the trailing stop keeps. */
  private kept = Number.NEGATIVE_INFINITY

  constructor(sign: 1 | -1, { takeProfit, trailing }: BarrierSettings) {
    this.sign = sign
    this.takeProfit = takeProfit || Number.POSITIVE_INFINITY
    const trails = trailing !== null && trailing.activation_price !== 0 && trailing.trailing_delta !== 0
    this.activation = trails ? trailing.activation_price : Number.POSITIVE_INFINITY
    this.delta = trails ? trailing.trailing_delta : 0
  }

  /** After an entry: at a new average, with a stop (signed) or none. */
  place(average: number, stop: number): void {
    this.average = average
    this.stop = stop
    this.target = this.sign * average + this.takeProfit * average
    this.lay()
  }

  /** The price has been this high (signed). */
  raise(peak: number): void {
    const gain = (peak - this.sign * this.average) / this.average
    if (gain < this.activation || gain - this.delta <= this.kept) return
    this.kept = gain - this.delta
    this.lay()
  }

  private lay(): void {
    const trailing = this.sign * this.average + this.kept * this.average
    this.floor = Math.max(this.stop, trailing)
    this.floorType = trailing > this.stop ? 'TRAILING_STOP' : 'STOP_LOSS'
  }
}
