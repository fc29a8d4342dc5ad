import type { CloseType } from '../../../executors/close-type.ts'
import type { DcaExecutorConfig } from '../../../executors/executor-config.ts'
import { ceilingOf, type Exact, exactOf, floorOf, nearest, over, plus, times } from '../../../numbers/exact.ts'
import { firstCrossing } from '../first-crossing.ts'
import { lastRowOf } from '../lifetime.ts'
import { type SimulatedMarket, UnsupportedExecutor } from '../simulation.ts'
import { HummingbotExecutor } from './hummingbot-executor.ts'

/** What the break-even of a stage is multiplied by for its barriers; undefined where there is none. */
interface Factors {
  readonly target: Exact | undefined
  readonly stop: Exact | undefined
  readonly activation: Exact | undefined
}

const NOTHING: Exact = { hi: 0, lo: 0 }

/** What becomes of a DCA, which the original knows from the beginning. */
interface Course {
  readonly lastRow: number
  readonly closeType: CloseType
  /** On this row and after it, all stages that were gone through count at once; -1: nothing ever does. */
  readonly fillRow: number
  /** How many stages were gone through, and the first row of each. */
  readonly stages: number
  readonly entries: readonly number[]
  /** What the stages that were gone through have cost on average. */
  readonly average: number
}

/**
 * A DCA as the original simulates it, a stage for each level that is reached. What its stages hold is written from the row
 * on which the *last* level is entered, for all of them at once: with a level that is never reached, or an exit before the
 * last one, nothing was ever traded.
 */
export class HummingbotDca extends HummingbotExecutor<DcaExecutorConfig> {
  private readonly growth: Float64Array
  private readonly closes: Float64Array
  /** The closes at which the levels are entered, not signed. */
  private readonly limits: readonly number[]
  private readonly windowEnd: number
  private readonly firstRow: number
  private course: Course | undefined = undefined
  private readonly cumulative: Float64Array

  constructor(id: string, config: DcaExecutorConfig, market: SimulatedMarket, row: number) {
    super(id, config, market, row)
    if (config.mode === 'TAKER') throw new UnsupportedExecutor('dca_executor: the mode TAKER cannot be simulated')
    this.growth = market.growth
    this.closes = this.candles.close
    this.firstRow = row
    this.windowEnd = lastRowOf(this.candles, row, config.time_limit)
    this.limits = config.prices.map((price) => (this.sign === 1 ? floorOf(price) : ceilingOf(price)))
    this.cumulative = new Float64Array(config.prices.length).fill(1)
    this.averagePrice = nearest(config.prices[0] ?? 0)
    // Levels out of order may fill before the first, and a missing stop fails at once: both are looked up now. All others
    // have no course before their first level is reached, and most are stopped before.
    if (!config.stop_loss || !this.isInOrder()) this.course = this.plan()
    this.advance(row)
  }

  advance(row: number): void {
    this.row = row
    if (this.course === undefined) {
      if (!this.isReached(0, row)) {
        if (row === this.windowEnd) this.endFilled(row, 'TIME_LIMIT')
        return
      }
      this.course = this.plan()
    }
    const { fillRow, lastRow, closeType } = this.course
    if (fillRow >= 0 && row >= fillRow) this.hold(this.course, row)
    if (row === lastRow) this.endFilled(row, closeType)
  }

  private isReached(level: number, row: number): boolean {
    const limit = this.limits[level] as number
    const close = this.closes[row] as number
    return this.sign === 1 ? close <= limit : close >= limit
  }

  private isInOrder(): boolean {
    return this.limits.every(
      (limit, level) => level === 0 || this.sign * (this.limits[level - 1] as number) >= this.sign * limit,
    )
  }

  /** The figures of a row on which the stages count. */
  private hold({ stages, entries, fillRow, average }: Course, row: number): void {
    const { amounts_quote } = this.config
    if (this.firstFill < 0) this.firstFill = row
    let filled = 0
    let pnl = 0
    for (let stage = 0; stage < stages; stage++) {
      const entry = entries[stage] as number
      if (row === fillRow) for (let past = entry + 1; past <= row; past++) this.grow(stage, past)
      else if (row > entry) this.grow(stage, row)
      const amount = amounts_quote[stage] as number
      const gained = row < entry ? 0 : ((this.cumulative[stage] as number) - 1) * this.sign - 2 * this.tradeCost
      filled += amount
      pnl += gained * amount
    }
    this.filledAmountQuote = filled
    this.netPnlQuote = pnl
    this.cumFeesQuote = 2 * this.tradeCost * filled
    this.netPnlPct = filled > 0 ? pnl / filled : 0
    this.averagePrice = average
  }

  private grow(stage: number, row: number): void {
    this.cumulative[stage] = (this.cumulative[stage] as number) * (this.growth[row] as number)
  }

  /** What the levels up to one have cost, weighted by their quote amounts as decimals, as the original does it. */
  private breakEvenOf(level: number): Exact {
    const { prices, amounts_quote } = this.config
    if (level === 0) return plus(prices[0] ?? 0, 0)
    let [weighted, amounts] = [NOTHING, NOTHING]
    for (let n = 0; n <= level; n++) {
      const amount = exactOf(amounts_quote[n] ?? 0)
      weighted = plus(weighted, times(prices[n] ?? 0, amount))
      amounts = plus(amounts, amount)
    }
    return over(weighted, amounts)
  }

  private plan(): Course {
    const entries: number[] = []
    for (const limit of this.limits) {
      const entry = firstCrossing(this.candles, this.side, limit, this.firstRow, this.windowEnd)
      if (entry < 0) break
      entries.push(entry)
    }
    const isComplete = entries.length === this.limits.length
    if (isComplete && !this.config.stop_loss)
      throw new UnsupportedExecutor('dca_executor: without a stop loss there is no end to the last level')
    const fillRow = isComplete ? (entries.at(-1) ?? -1) : -1
    const { take_profit, stop_loss, trailing_stop } = this.config
    const factors: Factors = {
      target: take_profit ? this.factor(take_profit, 1) : undefined,
      stop: stop_loss ? this.factor(stop_loss, -1) : undefined,
      activation: trailing_stop ? this.factor(trailing_stop.activation_price, 1) : undefined,
    }
    for (let stage = 0; stage < entries.length; stage++) {
      const breakEven = this.breakEvenOf(stage)
      const { row, closeType } = this.stageEnd(stage, entries[stage] as number, breakEven, factors)
      if (closeType !== undefined)
        return { lastRow: row, closeType, fillRow, stages: stage + 1, entries, average: nearest(breakEven) }
    }
    return {
      lastRow: this.windowEnd,
      closeType: 'TIME_LIMIT',
      fillRow: -1,
      stages: 0,
      entries,
      average: this.averagePrice,
    }
  }

  /** What a break-even is multiplied by for a price that is a share of it better or worse. */
  private factor(share: number, way: 1 | -1): Exact {
    return plus(1, exactOf(way * this.sign * share))
  }

  /** The least price, signed, that is at a barrier or better; none for no barrier. As decimals, as the entries are. */
  private above(breakEven: Exact, factor: Exact | undefined): number {
    if (factor === undefined) return Number.POSITIVE_INFINITY
    const price = times(breakEven, factor)
    return this.sign === 1 ? ceilingOf(price) : -floorOf(price)
  }

  /** The highest price, signed, that is at a barrier or worse. */
  private below(breakEven: Exact, factor: Exact | undefined): number {
    if (factor === undefined) return Number.NEGATIVE_INFINITY
    const price = times(breakEven, factor)
    return this.sign === 1 ? floorOf(price) : -ceilingOf(price)
  }

  /** How a stage ends; without a close type it goes over into the next. */
  private stageEnd(
    stage: number,
    entry: number,
    breakEven: Exact,
    factors: Factors,
  ): { readonly row: number; readonly closeType?: CloseType } {
    const { sign, closes } = this
    const { trailing_stop } = this.config
    const target = this.above(breakEven, factors.target)
    const isLast = stage === this.limits.length - 1
    const stop = isLast ? this.below(breakEven, factors.stop) : Number.NEGATIVE_INFINITY
    const adverse = sign === 1 ? this.candles.low : this.candles.high
    const activation = this.above(breakEven, factors.activation)
    const kept = trailing_stop ? 1 - sign * trailing_stop.trailing_delta : 1
    let isTrailing = false
    let line = Number.NEGATIVE_INFINITY
    for (let row = entry; row <= this.windowEnd; row++) {
      const close = closes[row] as number
      const signed = sign * close
      if (signed >= target) return { row, closeType: 'TAKE_PROFIT' }
      if (sign * (adverse[row] as number) <= stop) return { row, closeType: 'STOP_LOSS' }
      if (signed >= activation) isTrailing = true
      if (isTrailing) {
        line = Math.max(line, sign * (close * kept))
        if (signed <= line) return { row, closeType: 'TRAILING_STOP' }
      }
      if (!isLast && this.isReached(stage + 1, row)) return { row }
    }
    return { row: this.windowEnd, closeType: 'TIME_LIMIT' }
  }
}
