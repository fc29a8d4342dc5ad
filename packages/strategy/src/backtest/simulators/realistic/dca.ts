import type { DcaExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import type { SimulatedMarket } from '../simulation.ts'
import { RealisticLadder } from './ladder.ts'

/**
 * A position with an entry at each of its prices, filled as they are reached. Its barriers follow the average of what has
 * filled. A MAKER's stop waits until all levels have; a TAKER's is a loss of that part of the whole amount.
 */
export class RealisticDca extends RealisticLadder<DcaExecutorConfig> {
  constructor(id: string, config: DcaExecutorConfig, market: SimulatedMarket, row: number) {
    const { prices, amounts_quote, take_profit, stop_loss, trailing_stop, time_limit, side, mode } = config
    const sign = side === 'BUY' ? 1 : -1
    const whole = amounts_quote.reduce((total, amount) => total + amount, 0)
    super(id, config, market, row, {
      levels: prices.map((price, level) => ({
        limit: sign * nearest(price),
        base: (amounts_quote[level] ?? 0) / nearest(price),
      })),
      takeProfit: take_profit,
      stopLoss: stop_loss,
      trailing: trailing_stop,
      timeLimit: time_limit,
      largestLoss: mode === 'TAKER' && stop_loss ? whole * stop_loss : undefined,
    })
    this.averagePrice = nearest(prices[0] ?? 0)
  }
}
