import type { PositionExecutorConfig } from '../../../executors/executor-config.ts'
import { ceilingOf, floorOf, nearest } from '../../../numbers/exact.ts'
import { firstCrossing } from '../first-crossing.ts'
import { lastRowOf } from '../lifetime.ts'
import type { SimulatedMarket } from '../simulation.ts'
import { HummingbotExecutor } from './hummingbot-executor.ts'

/**
 * A position as the original simulates it: it enters and leaves at closes, pays for both ways when it enters, and its stop
 * is looked for from its creation on, also before a limit order has filled.
 *
 * Prices are multiplied by the side's sign, so that one comparison serves both sides: a BUY enters where the close is not
 * above its limit, a SELL where it is not below.
 */
export class HummingbotPosition extends HummingbotExecutor<PositionExecutorConfig> {
  private readonly lastRow: number
  /** The last row on which an entry is looked for. */
  private readonly searchUntil: number
  /** Signed. */
  private readonly limit: number
  /** Signed. Before the entry not higher than it will be, or exact once the entry has been looked up. */
  private stopPrice: number
  private stopKnown = false
  private cumulative = 1
  private trailingLine = Number.NEGATIVE_INFINITY
  private isTrailing = false

  constructor(id: string, config: PositionExecutorConfig, market: SimulatedMarket, row: number, searchUntil?: number) {
    super(id, config, market, row)
    const { stop_loss, time_limit, open_order_type } = config.triple_barrier_config
    const { sign } = this
    this.lastRow = lastRowOf(market.candles, row, time_limit)
    this.searchUntil = searchUntil ?? this.lastRow
    this.limit =
      open_order_type === 'MARKET'
        ? Number.POSITIVE_INFINITY
        : sign === 1
          ? floorOf(config.entry_price)
          : -ceilingOf(config.entry_price)
    this.stopPrice = stop_loss ? this.limit * (1 - stop_loss * sign) : Number.NEGATIVE_INFINITY
    this.averagePrice = nearest(config.entry_price)
    this.advance(row)
  }

  advance(row: number): void {
    this.row = row
    const { sign, market } = this
    const { take_profit } = this.config.triple_barrier_config
    if (this.firstFill >= 0) {
      this.cumulative *= market.growth[row] as number
    } else if (sign * (market.candles.close[row] as number) <= this.limit) {
      this.enter(row)
    } else {
      this.wait(row)
      return
    }
    const pct = (this.cumulative - 1) * sign - 2 * market.tradeCost
    this.netPnlPct = pct
    // It is over before its volume is counted twice.
    this.netPnlQuote = pct * this.filledAmountQuote
    const isTrailed = this.trail(pct)
    if (take_profit && pct > take_profit) this.endFilled(row, 'TAKE_PROFIT')
    else if (sign * this.adverse(row) <= this.stopPrice) this.endFilled(row, 'STOP_LOSS')
    else if (isTrailed) this.endFilled(row, 'TRAILING_STOP')
    else if (row === this.lastRow) this.endFilled(row, 'TIME_LIMIT')
  }

  /** Whether the profit has fallen below the line that it pulls up behind it. */
  private trail(pct: number): boolean {
    const stop = this.config.triple_barrier_config.trailing_stop
    if (stop === null || stop.activation_price === 0 || stop.trailing_delta === 0) return false
    if (pct - stop.trailing_delta > this.trailingLine) this.trailingLine = pct - stop.trailing_delta
    if (pct > stop.activation_price) this.isTrailing = true
    return this.isTrailing && pct < this.trailingLine
  }

  /** Where the price goes when it goes against the position: the low for a BUY. */
  private adverse(row: number): number {
    const { low, high } = this.market.candles
    return (this.sign === 1 ? low : high)[row] as number
  }

  private enter(row: number): void {
    const price = this.market.candles.close[row] as number
    this.firstFill = row
    this.filledAmountQuote = this.config.amount * price
    this.cumFeesQuote = 2 * this.market.tradeCost * this.filledAmountQuote
    this.stopPrice = this.stopOf(price)
  }

  /** A row before the entry: it counts for the trailing stop as one without profit, and its extreme for the stop. */
  private wait(row: number): void {
    this.trailingLine = -(this.config.triple_barrier_config.trailing_stop?.trailing_delta ?? 0)
    if (this.sign * this.adverse(row) <= this.stopPrice && this.isBehindTheStop(row)) this.endFilled(row, 'STOP_LOSS')
    else if (row === this.lastRow) this.endFilled(row, 'TIME_LIMIT')
  }

  /**
   * The stop follows from a close that is still to come, if it comes. It cannot be farther from the limit than it is now
   * assumed, so it is only looked up when a candle has gone that far.
   */
  private isBehindTheStop(row: number): boolean {
    if (!this.stopKnown) {
      const limit = this.sign * this.limit
      const { candles } = this.market
      const entry = firstCrossing(candles, this.side, limit, row, this.searchUntil)
      this.stopPrice = entry < 0 ? Number.NEGATIVE_INFINITY : this.stopOf(candles.close[entry] as number)
      this.stopKnown = true
    }
    return this.sign * this.adverse(row) <= this.stopPrice
  }

  private stopOf(entry: number): number {
    const { stop_loss } = this.config.triple_barrier_config
    return stop_loss ? this.sign * (entry * (1 - stop_loss * this.sign)) : Number.NEGATIVE_INFINITY
  }
}
