import type { BacktestMode } from '../backtest.ts'
import { HummingbotDca } from './hummingbot/dca.ts'
import { HummingbotGrid } from './hummingbot/grid.ts'
import { HummingbotOrder } from './hummingbot/order.ts'
import { HummingbotPosition } from './hummingbot/position.ts'
import { type Simulate, UnsupportedExecutor } from './simulation.ts'

const hummingbot: Simulate = (id, config, market, row) => {
  switch (config.type) {
    case 'position_executor':
      return new HummingbotPosition(id, config, market, row)
    case 'dca_executor':
      return new HummingbotDca(id, config, market, row)
    case 'grid_executor':
      return new HummingbotGrid(id, config, market, row)
    case 'order_executor':
      return new HummingbotOrder(id, config, market, row)
    default:
      return undefined
  }
}

/** Creates an executor on past candles, in each mode. Types that trade on two markets are passed over, as in the original. */
export const simulate: Record<BacktestMode, Simulate> = {
  hummingbot,
  realistic: (_id, config) => {
    throw new UnsupportedExecutor(`${config.type} in realistic mode`)
  },
}
