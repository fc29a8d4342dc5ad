import type { PositionExecutorConfig } from '../../../executors/executor-config.ts'
import { nearest } from '../../../numbers/exact.ts'
import type { SimulatedMarket } from '../simulation.ts'
import { RealisticLadder } from './ladder.ts'

/**
 * A position with one entry. A market order fills at the open of the next candle. A post-only order above the market, or
 * below it for a sale, rests at the market.
 */
export class RealisticPosition extends RealisticLadder<PositionExecutorConfig> {
  constructor(id: string, config: PositionExecutorConfig, market: SimulatedMarket, row: number) {
    const { take_profit, stop_loss, trailing_stop, time_limit } = config.triple_barrier_config
    super(id, config, market, row, {
      levels: [{ limit: limitOf(config, market.candles.close[row] as number), base: config.amount }],
      takeProfit: take_profit,
      stopLoss: stop_loss,
      trailing: trailing_stop,
      timeLimit: time_limit,
    })
    this.averagePrice = nearest(config.entry_price)
  }
}

const limitOf = ({ side, entry_price, triple_barrier_config }: PositionExecutorConfig, close: number): number => {
  const sign = side === 'BUY' ? 1 : -1
  switch (triple_barrier_config.open_order_type) {
    case 'MARKET':
      return Number.POSITIVE_INFINITY
    case 'LIMIT':
      return sign * nearest(entry_price)
    case 'LIMIT_MAKER':
      return Math.min(sign * nearest(entry_price), sign * close)
  }
}
