import type { BacktestMode } from '../backtest.ts'
import { HummingbotDca } from './hummingbot/dca.ts'
import { HummingbotGrid } from './hummingbot/grid.ts'
import { HummingbotOrder } from './hummingbot/order.ts'
import { HummingbotPosition } from './hummingbot/position.ts'
import { RealisticDca } from './realistic/dca.ts'
import { RealisticGrid } from './realistic/grid.ts'
import { RealisticOrder } from './realistic/order.ts'
import { RealisticPosition } from './realistic/position.ts'
import type { Simulate } from './simulation.ts'

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

const realistic: Simulate = (id, config, market, row) => {
  switch (config.type) {
    case 'position_executor':
      return new RealisticPosition(id, config, market, row)
    case 'dca_executor':
      return new RealisticDca(id, config, market, row)
    case 'grid_executor':
      return new RealisticGrid(id, config, market, row)
    case 'order_executor':
      return new RealisticOrder(id, config, market, row)
    default:
      return undefined
  }
}

/** Creates an executor on past candles, in each mode. Types that trade on two markets are passed over, as in the original. */
export const simulate: Record<BacktestMode, Simulate> = { hummingbot, realistic }
