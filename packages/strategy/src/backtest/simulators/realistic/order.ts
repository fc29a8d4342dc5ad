import type { OrderExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import { type SimulatedMarket, UnsupportedExecutor } from '../simulation.ts'
import { RealisticExecutor } from './realistic-executor.ts'

/**
 * One order. At the market it fills at the open of the next candle; a limit fills at its price, or at an open that is
 * beyond it; a chaser is placed anew at the close of each candle that has left it too far behind.
 */
export class RealisticOrder extends RealisticExecutor<OrderExecutorConfig> {
  /** Signed. */
  private limit: number

  constructor(id: string, config: OrderExecutorConfig, market: SimulatedMarket, row: number) {
    super(id, config, market, row, null)
    this.limit = this.firstLimit(config, this.candles.close[row] as number)
    if (row === this.lastRow) this.end(row, 'EXPIRED')
  }

  advance(row: number): void {
    this.row = row
    const { sign, candles, limit } = this
    const open = sign * (candles.open[row] as number)
    if (open <= limit || sign * (this.adverse[row] as number) <= limit) {
      this.enter(row, this.config.amount, sign * Math.min(open, limit))
      this.keep(row)
    } else if (row === this.lastRow) this.end(row, 'EXPIRED')
    else this.chase(sign * (candles.close[row] as number))
  }

  private firstLimit(
    { execution_strategy: strategy, price, chaser_config }: OrderExecutorConfig,
    close: number,
  ): number {
    const { sign } = this
    if (strategy === 'MARKET') return Number.POSITIVE_INFINITY
    if (strategy === 'LIMIT_CHASER') {
      if (chaser_config === null) throw new UnsupportedExecutor('order_executor: LIMIT_CHASER needs a chaser_config')
      return sign * close - chaser_config.distance * close
    }
    if (price === null) throw new UnsupportedExecutor(`order_executor: ${strategy} needs a price`)
    return strategy === 'LIMIT' ? sign * nearest(price) : Math.min(sign * nearest(price), sign * close)
  }

  private chase(close: number): void {
    const { execution_strategy, chaser_config } = this.config
    if (execution_strategy !== 'LIMIT_CHASER' || chaser_config === null) return
    const price = Math.abs(close)
    if (close - this.limit > price * chaser_config.refresh_threshold)
      this.limit = close - chaser_config.distance * price
  }
}
