import type { GridExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import { gridLevels } from '../grid-levels.ts'
import type { GridFill, GridTrail, SimulatedMarket } from '../simulation.ts'
import { RealisticExecutor } from './realistic-executor.ts'

/**
 * A grid whose levels all rest at their prices. A level beyond the market fills at the next open, and not at a price that
 * is not there; its exit rests at its take profit from then on. What was entered within a candle leaves in it only when
 * the close is beyond its exit, and what has left is entered again when the close is back at its price.
 *
 * Levels are kept by rank: the one that the price reaches first, when it goes against the grid, is the first.
 */
export class RealisticGrid extends RealisticExecutor<GridExecutorConfig> {
  override readonly grid: GridTrail
  private readonly fills: GridFill[] = []
  private readonly levels: number
  private readonly amount: number
  /** Signed. */
  private readonly prices: Float64Array
  private readonly exits: Float64Array
  /** What is open at a level; 0: it is free. */
  private readonly bases: Float64Array
  private readonly costs: Float64Array
  /** Whether it was entered on the way of the present candle. */
  private readonly isFresh: Uint8Array
  /** Signed: beyond the first the grid is done; at the second it gives up. */
  private readonly done: number
  private readonly limit: number
  private readonly stopLoss: number
  /** Signed: what a candle must reach for anything to happen. */
  private nextEntry: number
  private nextExit = Number.POSITIVE_INFINITY

  constructor(id: string, config: GridExecutorConfig, market: SimulatedMarket, row: number) {
    super(id, config, market, row, config.triple_barrier_config.time_limit)
    const { sign } = this
    const { prices, amountQuote, takeProfit } = gridLevels(config, this.candles.close[row] as number, market.rules)
    const exits = prices.map((price) => price * (1 + sign * takeProfit))
    this.grid = { levelPrices: prices, takeProfitPrices: exits, amountQuote, takeProfit, fills: this.fills }
    this.levels = prices.length
    this.amount = amountQuote
    const byRank = (values: readonly number[]) =>
      Float64Array.from(values, (_, rank) => sign * (values[this.levelOf(rank)] as number))
    this.prices = byRank(prices)
    this.exits = byRank(exits)
    this.bases = new Float64Array(this.levels)
    this.costs = new Float64Array(this.levels)
    this.isFresh = new Uint8Array(this.levels)
    this.done = sign * nearest(sign === 1 ? config.end_price : config.start_price)
    const limit = nearest(config.limit_price)
    this.limit = limit === 0 ? Number.NEGATIVE_INFINITY : sign * limit
    this.stopLoss = config.triple_barrier_config.stop_loss || Number.POSITIVE_INFINITY
    this.nextEntry = this.prices[0] ?? Number.NEGATIVE_INFINITY
    if (row === this.lastRow) this.end(row, 'TIME_LIMIT')
  }

  advance(row: number): void {
    this.row = row
    const { sign, candles } = this
    const adverse = sign * (this.adverse[row] as number)
    const favourable = sign * (this.favourable[row] as number)
    const close = sign * (candles.close[row] as number)
    const isQuiet =
      adverse > Math.max(this.nextEntry, this.limit, this.floor) &&
      favourable < this.nextExit &&
      favourable <= this.done
    if (!isQuiet) {
      const open = sign * (candles.open[row] as number)
      if (this.isOverAtOpen(row, open) || this.isOverBelow(row, open, adverse)) return
      if (this.isOverAbove(row, favourable, close)) return
      this.survey()
    }
    if (row === this.lastRow) this.close(row, sign * close, 'TIME_LIMIT')
    else this.value(sign * close)
  }

  private levelOf(rank: number): number {
    return this.sign === 1 ? this.levels - 1 - rank : rank
  }

  /** The price, signed, at which what is open has lost too much. */
  private get floor(): number {
    if (this.base <= 0) return Number.NEGATIVE_INFINITY
    const average = this.cost / this.base
    return this.sign * average - this.stopLoss * average
  }

  private isOverAtOpen(row: number, open: number): boolean {
    this.leaveReached(row, open, open)
    this.survey()
    if (open > this.done) return this.finish(row, open, 'TAKE_PROFIT')
    if (open <= this.limit) return this.giveUp(row, open)
    if (open <= this.floor) return this.finish(row, open, 'STOP_LOSS')
    for (let rank = 0; rank < this.levels && (this.prices[rank] as number) >= open; rank++)
      if (this.bases[rank] === 0) this.enterLevel(row, rank, open)
    this.isFresh.fill(0)
    return false
  }

  /** The way down: the levels it passes are entered, until it comes to a price at which the grid ends. */
  private isOverBelow(row: number, open: number, adverse: number): boolean {
    let price = open
    for (let rank = 0; rank <= this.levels; rank++) {
      const next = rank < this.levels ? (this.prices[rank] as number) : Number.NEGATIVE_INFINITY
      if (next >= open) continue
      const { floor } = this
      const last = Math.max(this.limit, floor)
      if (adverse > Math.max(next, last)) return false
      if (last >= next && last > Number.NEGATIVE_INFINITY) {
        const end = Math.min(last, price)
        return floor > this.limit ? this.finish(row, end, 'STOP_LOSS') : this.giveUp(row, end)
      }
      if (rank === this.levels) return false
      if (this.bases[rank] === 0) this.enterLevel(row, rank, next)
      price = next
    }
    return false
  }

  private isOverAbove(row: number, favourable: number, close: number): boolean {
    const isFresh = this.isFresh.includes(1)
    if (favourable > this.done && (!isFresh || close > this.done)) {
      this.leaveReached(row, this.done, Number.POSITIVE_INFINITY)
      return this.finish(row, this.done, 'TAKE_PROFIT')
    }
    for (let rank = 0; rank < this.levels; rank++) {
      const exit = this.exits[rank] as number
      if (this.bases[rank] === 0 || exit > (this.isFresh[rank] === 1 ? close : favourable)) continue
      this.leaveLevel(row, rank, exit)
      const price = this.prices[rank] as number
      if (close <= price) this.enterLevel(row, rank, price)
    }
    return false
  }

  /** Lets go the levels whose exits are not above a price, at their exits or at a better open. */
  private leaveReached(row: number, reached: number, atMost: number): void {
    for (let rank = 0; rank < this.levels; rank++) {
      const exit = this.exits[rank] as number
      if (this.bases[rank] !== 0 && exit <= reached) this.leaveLevel(row, rank, atMost === reached ? reached : exit)
    }
  }

  private enterLevel(row: number, rank: number, price: number): void {
    const level = this.sign * price
    this.bases[rank] = this.amount / level
    this.costs[rank] = (this.bases[rank] as number) * level
    this.isFresh[rank] = 1
    this.enter(row, this.bases[rank] as number, level)
    this.note(row, rank, 'entry', level, this.costs[rank] as number)
  }

  private leaveLevel(row: number, rank: number, price: number): void {
    this.note(row, rank, 'tp', this.sign * price, this.costs[rank] as number)
    this.leave(this.bases[rank] as number, this.costs[rank] as number, this.sign * price)
    this.bases[rank] = 0
    this.costs[rank] = 0
    this.isFresh[rank] = 0
  }

  private note(row: number, rank: number, side: GridFill['side'], price: number, amountQuote: number): void {
    const timestamp = this.candles.timestamp[row] as number
    this.fills.push({ timestamp, price, side, levelIndex: this.levelOf(rank), amountQuote })
  }

  private finish(row: number, price: number, closeType: 'TAKE_PROFIT' | 'STOP_LOSS'): boolean {
    this.survey()
    this.close(row, this.sign * price, closeType)
    return true
  }

  private giveUp(row: number, price: number): boolean {
    this.survey()
    if (this.config.keep_position && this.base > 0) this.keep(row)
    else this.close(row, this.sign * price, this.config.keep_position ? 'EARLY_STOP' : 'STOP_LOSS')
    return true
  }

  /** What is open, added up anew so that no rounding adds up, and what the next candle must reach. */
  private survey(): void {
    let base = 0
    let cost = 0
    let nextEntry = Number.NEGATIVE_INFINITY
    let nextExit = Number.POSITIVE_INFINITY
    for (let rank = 0; rank < this.levels; rank++) {
      if (this.bases[rank] === 0) {
        nextEntry = Math.max(nextEntry, this.prices[rank] as number)
      } else {
        base += this.bases[rank] as number
        cost += this.costs[rank] as number
        nextExit = Math.min(nextExit, this.exits[rank] as number)
      }
    }
    this.base = base
    this.cost = cost
    this.openFees = this.tradeCost * cost
    if (base > 0) this.averagePrice = cost / base
    this.nextEntry = nextEntry
    this.nextExit = nextExit
  }
}
