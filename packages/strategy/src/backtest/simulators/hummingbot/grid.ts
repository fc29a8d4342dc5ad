import type { CloseType } from '../../../executors/close-type.ts'
import type { GridExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import { gridLevels } from '../grid-levels.ts'
import { lastRowOf } from '../lifetime.ts'
import type { GridFill, GridTrail, SimulatedMarket } from '../simulation.ts'
import { HummingbotExecutor } from './hummingbot-executor.ts'

/** As a share of what was traded: nearer to nothing, or to the stop, the last digit of a profit counts. */
const NEAR = 1e-5

/**
 * A grid as the original simulates it: all levels at once, each entered where a candle reaches it or the market lies
 * beyond it, and left on a later candle at its take profit; both at their own prices.
 *
 * Prices are multiplied by the side's sign, so that one comparison serves both sides. Most candles reach no level: what
 * they would have to reach is kept beside the levels, and so are the sums that give the profit of the open ones at a
 * close. Sums are made anew whenever a level changes, so that no rounding adds up; where the last digit decides, the profit
 * is added up level by level, in the original's order.
 */
export class HummingbotGrid extends HummingbotExecutor<GridExecutorConfig> {
  override readonly grid: GridTrail
  private readonly fills: GridFill[] = []
  /** Where the price goes when it goes against the position, and when it goes with it. */
  private readonly adverse: Float64Array
  private readonly favourable: Float64Array
  private readonly lastRow: number
  private readonly levels: number
  private readonly prices: Float64Array
  private readonly exits: Float64Array
  private readonly bases: Float64Array
  private readonly amount: number
  /** Signed: the close beyond which the grid is done, and the one at which it gives up. */
  private readonly done: number
  private readonly limit: number
  private readonly stopLoss: number

  /** The open levels in the order they were entered, and whether each level is one. */
  private readonly open: Int32Array
  private readonly isOpen: Uint8Array
  private openCount = 0
  /** Signed: the free level that is reached first, and the exit that is reached first. */
  private nextEntry: number
  private nextExit = Number.POSITIVE_INFINITY
  private openBase = 0
  private openAmount = 0

  private realizedPnl = 0
  private realizedFees = 0
  private realizedAmount = 0
  private terminal: CloseType | undefined = undefined

  constructor(id: string, config: GridExecutorConfig, market: SimulatedMarket, row: number) {
    super(id, config, market, row)
    const { sign, candles } = this
    const { stop_loss, time_limit } = config.triple_barrier_config
    const { prices, amountQuote, takeProfit } = gridLevels(config, candles.close[row] as number, market.rules)
    const exits = prices.map((price) => price * (1 + sign * takeProfit))
    this.grid = { levelPrices: prices, takeProfitPrices: exits, amountQuote, takeProfit, fills: this.fills }
    this.adverse = sign === 1 ? candles.low : candles.high
    this.favourable = sign === 1 ? candles.high : candles.low
    this.lastRow = lastRowOf(candles, row, time_limit)
    this.levels = prices.length
    this.amount = amountQuote
    this.prices = Float64Array.from(prices, (price) => sign * price)
    this.exits = Float64Array.from(exits, (price) => sign * price)
    this.bases = Float64Array.from(prices, (price) => amountQuote / price)
    this.done = sign * nearest(sign === 1 ? config.end_price : config.start_price)
    const limit = nearest(config.limit_price)
    this.limit = limit === 0 ? Number.NEGATIVE_INFINITY : sign * limit
    this.stopLoss = stop_loss || Number.POSITIVE_INFINITY
    this.open = new Int32Array(this.levels)
    this.isOpen = new Uint8Array(this.levels)
    this.nextEntry = this.prices.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    this.advance(row)
  }

  advance(row: number): void {
    this.row = row
    const { sign } = this
    const close = sign * (this.candles.close[row] as number)
    if (close > this.done) this.terminal = 'TAKE_PROFIT'
    else if (close <= this.limit) this.terminal = this.config.keep_position ? 'POSITION_HOLD' : 'STOP_LOSS'
    const isLeaving = sign * (this.favourable[row] as number) >= this.nextExit
    if (isLeaving) this.leave(row)
    // What was let go may be entered again on the same candle.
    const isEntering = this.terminal === undefined && sign * (this.adverse[row] as number) <= this.nextEntry
    if (isEntering) this.enter(row)
    if (isLeaving || isEntering) this.survey()
    this.value(close)
    const { filledAmountQuote } = this
    if (filledAmountQuote > 0) {
      if (this.firstFill < 0) this.firstFill = row
      if (this.netPnlPct <= -this.stopLoss) this.terminal = 'STOP_LOSS'
    }
    if (this.terminal !== undefined) this.endFilled(row, this.terminal)
    else if (row === this.lastRow) this.endFilled(row, 'TIME_LIMIT')
  }

  /** Lets go what has reached its exit. */
  private leave(row: number): void {
    const reached = this.sign * (this.favourable[row] as number)
    let kept = 0
    for (let n = 0; n < this.openCount; n++) {
      const level = this.open[n] as number
      const exit = this.exits[level] as number
      if (reached >= exit) {
        const entry = this.prices[level] as number
        const fees = 2 * this.tradeCost * this.amount
        this.realizedPnl += (exit - entry) * (this.bases[level] as number) - fees
        this.realizedFees += fees
        this.realizedAmount += this.amount
        this.isOpen[level] = 0
        if (entry > this.nextEntry) this.nextEntry = entry
        this.note(row, level, 'tp', this.sign * exit)
      } else {
        this.open[kept++] = level
      }
    }
    this.openCount = kept
  }

  private enter(row: number): void {
    const reached = this.sign * (this.adverse[row] as number)
    for (let level = 0; level < this.levels; level++) {
      const price = this.prices[level] as number
      if (this.isOpen[level] === 1 || reached > price) continue
      this.isOpen[level] = 1
      this.open[this.openCount++] = level
      this.note(row, level, 'entry', this.sign * price)
    }
  }

  private note(row: number, levelIndex: number, side: GridFill['side'], price: number): void {
    const timestamp = this.candles.timestamp[row] as number
    this.fills.push({ timestamp, price, side, levelIndex, amountQuote: this.amount })
  }

  /** What a candle must reach to change anything, and the sums over what is open. */
  private survey(): void {
    let nextEntry = Number.NEGATIVE_INFINITY
    let nextExit = Number.POSITIVE_INFINITY
    let base = 0
    let amount = 0
    let prices = 0
    for (let level = 0; level < this.levels; level++) {
      const price = this.prices[level] as number
      if (this.isOpen[level] === 1) {
        base += this.bases[level] as number
        amount += this.amount
        prices += price
        const exit = this.exits[level] as number
        if (exit < nextExit) nextExit = exit
      } else if (price > nextEntry) nextEntry = price
    }
    this.nextEntry = nextEntry
    this.nextExit = nextExit
    this.openBase = base
    this.openAmount = amount
    // With nothing open the average stays what it was.
    if (this.openCount > 0) this.averagePrice = (this.sign * prices) / this.openCount
  }

  private value(close: number): void {
    const isHeld = this.terminal === 'POSITION_HOLD'
    const openAmount = isHeld ? 0 : this.openAmount
    const openFees = 2 * this.tradeCost * openAmount
    const filled = this.realizedAmount + openAmount
    let pnl = this.realizedPnl
    if (!isHeld) {
      pnl += close * this.openBase - this.sign * openAmount - openFees
      if (Math.abs(pnl) < NEAR * filled || Math.abs(pnl + this.stopLoss * filled) < NEAR * filled)
        pnl = this.realizedPnl + this.unrealized(close)
    }
    this.netPnlQuote = pnl
    this.cumFeesQuote = this.realizedFees + openFees
    this.filledAmountQuote = filled
    this.netPnlPct = filled > 0 ? pnl / filled : 0
  }

  /** Of the open levels, in the order they were entered. */
  private unrealized(close: number): number {
    let pnl = 0
    for (let n = 0; n < this.openCount; n++) {
      const level = this.open[n] as number
      const gained = (close - (this.prices[level] as number)) * (this.bases[level] as number)
      pnl += gained - 2 * this.tradeCost * this.amount
    }
    return pnl
  }
}
