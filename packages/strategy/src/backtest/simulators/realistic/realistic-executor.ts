import type { CloseType } from '../../../executors/close-type.ts'
import { lastRowOf } from '../lifetime.ts'
import { type SimulatedConfig, SimulatedExecutor } from '../simulated-executor.ts'
import type { SimulatedMarket } from '../simulation.ts'

/**
 * The money of an executor that trades as it could have traded: each fill has its price and pays its own fee when it
 * happens, and the profit is what came in less what went out. An executor is decided on at a close, so the first candle
 * that it can trade in is the next one.
 *
 * Within a candle the price is taken to go from the open to the extreme that hurts, then to the one that helps, then to
 * the close.
 */
export abstract class RealisticExecutor<Config extends SimulatedConfig> extends SimulatedExecutor<Config> {
  /** Its last candle: at least one after the one on whose close it was decided. */
  protected readonly lastRow: number
  /** What the price does against it, and for it. */
  protected readonly adverse: Float64Array
  protected readonly favourable: Float64Array
  /** What is open: its amount, what it cost, and what that cost in fees. */
  protected base = 0
  protected cost = 0
  protected openFees = 0
  /** What all entries cost. */
  protected entered = 0
  /** Of what is not open any more, after fees. */
  protected realized = 0

  constructor(id: string, config: Config, market: SimulatedMarket, row: number, timeLimit: number | null) {
    super(id, config, market, row)
    const { candles, sign } = this
    this.lastRow = Math.min(candles.length - 1, Math.max(row + 1, lastRowOf(candles, row, timeLimit)))
    this.adverse = sign === 1 ? candles.low : candles.high
    this.favourable = sign === 1 ? candles.high : candles.low
  }

  get realizedPnlQuote(): number {
    return this.isActive ? 0 : this.netPnlQuote
  }

  override get isTrading(): boolean {
    return this.isActive && this.base > 0
  }

  /** Closes what is open at the last price there is, or leaves it. */
  stop(row: number, held: 'keep' | 'close'): void {
    if (held === 'keep' && this.base > 0) this.keep(row)
    else this.close(row, this.candles.close[row] as number, 'EARLY_STOP')
  }

  protected enter(row: number, base: number, price: number): void {
    const value = base * price
    const fee = this.tradeCost * value
    if (this.firstFill < 0) this.firstFill = row
    this.base += base
    this.cost += value
    this.openFees += fee
    this.entered += value
    this.filledAmountQuote += value
    this.cumFeesQuote += fee
    this.averagePrice = this.cost / this.base
  }

  /** Part of what is open goes at a price. */
  protected leave(base: number, cost: number, price: number): void {
    const value = base * price
    const fee = this.tradeCost * value
    const paid = this.tradeCost * cost
    this.base -= base
    this.cost -= cost
    this.openFees -= paid
    this.realized += this.sign * (value - cost) - paid - fee
    this.filledAmountQuote += value
    this.cumFeesQuote += fee
  }

  /** The figures of a row at its close. */
  protected value(close: number): void {
    this.netPnlQuote = this.realized + this.sign * (this.base * close - this.cost) - this.openFees
    this.netPnlPct = this.entered > 0 ? this.netPnlQuote / this.entered : 0
  }

  /** Everything that is open goes at a price, and that is the end. */
  protected close(row: number, price: number, closeType: CloseType): void {
    if (this.base > 0) this.leave(this.base, this.cost, price)
    this.base = 0
    this.cost = 0
    this.openFees = 0
    this.value(price)
    this.end(row, closeType)
  }

  /** Everything that is open becomes a position, with what was paid for it; only the rest is this executor's profit. */
  protected keep(row: number): void {
    this.leaves = {
      side: this.side,
      base: this.base,
      quote: this.cost,
      averagePrice: this.averagePrice,
      feesQuote: this.openFees,
    }
    this.netPnlQuote = this.realized
    this.netPnlPct = this.entered > 0 ? this.realized / this.entered : 0
    this.end(row, 'POSITION_HOLD')
  }
}
