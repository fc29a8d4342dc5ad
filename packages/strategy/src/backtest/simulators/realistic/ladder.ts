import type { CloseType } from '../../../executors/close-type.ts'
import type { SimulatedConfig } from '../simulated-executor.ts'
import type { SimulatedMarket } from '../simulation.ts'
import { type BarrierSettings, Barriers } from './barriers.ts'
import { RealisticExecutor } from './realistic-executor.ts'

export interface LadderLevel {
  /** Signed; infinite: at whatever price there is. */
  readonly limit: number
  readonly base: number
}

export interface LadderSettings extends BarrierSettings {
  readonly levels: readonly LadderLevel[]
  readonly timeLimit: number | null
  /** A loss in quote at which everything is closed, however many levels have filled; else the stop waits for all. */
  readonly largestLoss?: number | undefined
}

/**
 * Entries that rest at their limits, and one exit for all that have filled. A limit fills at its price, or at an open that
 * is beyond it. A floor closes at its price, or at an open that is beyond it; when a candle reaches the floor and the
 * target, it is the floor. After an entry within a candle only its close is known to have come later: a target counts
 * there when the close is beyond it, a floor as soon as the candle reaches it, for the way there leads past the entry.
 */
export abstract class RealisticLadder<Config extends SimulatedConfig> extends RealisticExecutor<Config> {
  private readonly levels: readonly LadderLevel[]
  private readonly barriers: Barriers
  private readonly stopLoss: number
  private readonly largestLoss: number | undefined
  /** The level that is reached next. */
  private next = 0

  constructor(id: string, config: Config, market: SimulatedMarket, row: number, settings: LadderSettings) {
    super(id, config, market, row, settings.timeLimit)
    this.levels = settings.levels.length > 1 ? settings.levels.toSorted((a, b) => b.limit - a.limit) : settings.levels
    this.barriers = new Barriers(this.sign, settings)
    this.stopLoss = settings.stopLoss || Number.POSITIVE_INFINITY
    this.largestLoss = settings.largestLoss
    if (row === this.lastRow) this.end(row, 'TIME_LIMIT')
  }

  advance(row: number): void {
    this.row = row
    const { sign, candles } = this
    const open = sign * (candles.open[row] as number)
    const adverse = sign * (this.adverse[row] as number)
    if (this.base === 0 && this.limit < Math.min(adverse, open)) {
      if (row === this.lastRow) this.end(row, 'TIME_LIMIT')
      return
    }
    const favourable = sign * (this.favourable[row] as number)
    const close = sign * (candles.close[row] as number)
    if (this.isOver(row, open, adverse, favourable, close)) return
    if (row === this.lastRow) this.close(row, sign * close, 'TIME_LIMIT')
    else this.value(sign * close)
  }

  /** The limit that is reached next, signed. */
  private get limit(): number {
    return this.levels[this.next]?.limit ?? Number.NEGATIVE_INFINITY
  }

  private isOver(row: number, open: number, adverse: number, favourable: number, close: number): boolean {
    const { barriers } = this
    if (this.base > 0) {
      if (open <= barriers.floor) return this.exit(row, open, barriers.floorType)
      if (open >= barriers.target) return this.exit(row, open, 'TAKE_PROFIT')
    }
    while (open <= this.limit) this.fill(row, open)
    let price = open
    for (;;) {
      const { limit } = this
      const floor = this.base > 0 ? barriers.floor : Number.NEGATIVE_INFINITY
      if (adverse > Math.max(limit, floor)) break
      // A stop that the last entry has brought about may lie above where the price is by then.
      if (floor >= limit) return this.exit(row, Math.min(floor, price), barriers.floorType)
      this.fill(row, limit)
      price = limit
    }
    if (this.base === 0) return false
    const peak = price < open ? close : favourable
    if (peak >= barriers.target) return this.exit(row, barriers.target, 'TAKE_PROFIT')
    barriers.raise(peak)
    return close <= barriers.floor ? this.exit(row, barriers.floor, barriers.floorType) : false
  }

  private fill(row: number, price: number): void {
    this.enter(row, this.levels[this.next]?.base ?? 0, this.sign * price)
    this.next += 1
    this.barriers.place(this.averagePrice, this.stopPrice())
  }

  /** Signed. */
  private stopPrice(): number {
    const { sign, averagePrice } = this
    if (this.largestLoss !== undefined) return sign * averagePrice - this.largestLoss / this.base
    return this.next === this.levels.length
      ? sign * averagePrice - this.stopLoss * averagePrice
      : Number.NEGATIVE_INFINITY
  }

  private exit(row: number, price: number, closeType: CloseType): boolean {
    this.close(row, this.sign * price, closeType)
    return true
  }
}
