import type { OrderExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import { type SimulatedMarket, UnsupportedExecutor } from '../simulation.ts'
import { HummingbotExecutor } from './hummingbot-executor.ts'

/**
 * An order as the original simulates it: it fills at the first close at its price or better, at that close, and what it
 * has bought or sold is kept as a position.
 */
export class HummingbotOrder extends HummingbotExecutor<OrderExecutorConfig> {
  /** By the side's sign, as in a position. */
  private readonly limit: number

  constructor(id: string, config: OrderExecutorConfig, market: SimulatedMarket, row: number) {
    super(id, config, market, row)
    this.limit = this.limitOf(config, row)
    this.advance(row)
  }

  advance(row: number): void {
    this.row = row
    const close = this.candles.close[row] as number
    if (this.sign * close <= this.limit) {
      this.firstFill = row
      this.averagePrice = close
      this.filledAmountQuote = this.config.amount * close
      this.cumFeesQuote = this.tradeCost * this.filledAmountQuote
      this.settle(row, 'POSITION_HOLD')
    } else if (row === this.candles.length - 1) {
      this.settle(row, 'EXPIRED')
    }
  }

  private limitOf({ execution_strategy, price }: OrderExecutorConfig, row: number): number {
    if (execution_strategy === 'MARKET' || execution_strategy === 'LIMIT_CHASER') return Number.POSITIVE_INFINITY
    if (price === null) throw new UnsupportedExecutor(`order_executor: ${execution_strategy} needs a price`)
    const limit = this.sign * nearest(price)
    return execution_strategy === 'LIMIT' ? limit : Math.min(limit, this.sign * (this.candles.close[row] as number))
  }
}
