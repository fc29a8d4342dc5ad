import type { ExecutorConfig } from '../../executors/executor-config.ts'
import type { BacktestMode } from '../backtest.ts'
import { HummingbotDca } from './hummingbot/dca.ts'
import { HummingbotGrid } from './hummingbot/grid.ts'
import { HummingbotOrder } from './hummingbot/order.ts'
import { HummingbotPosition } from './hummingbot/position.ts'
import { RealisticDca } from './realistic/dca.ts'
import { RealisticGrid } from './realistic/grid.ts'
import { RealisticOrder } from './realistic/order.ts'
import { RealisticPosition } from './realistic/position.ts'
import type { Simulate, SimulatedMarket, Simulation } from './simulation.ts'

/** What each mode simulates the types of executors with. */
type Simulators = {
  readonly [Config in Exclude<
    ExecutorConfig,
    { type: 'arbitrage_executor' | 'xemm_executor' }
  > as Config['type']]: new (
    id: string,
    config: Config,
    market: SimulatedMarket,
    row: number,
  ) => Simulation
}

const simulators: Record<BacktestMode, Simulators> = {
  hummingbot: {
    position_executor: HummingbotPosition,
    dca_executor: HummingbotDca,
    grid_executor: HummingbotGrid,
    order_executor: HummingbotOrder,
  },
  realistic: {
    position_executor: RealisticPosition,
    dca_executor: RealisticDca,
    grid_executor: RealisticGrid,
    order_executor: RealisticOrder,
  },
}

const simulateWith =
  (types: Simulators): Simulate =>
  (id, config, market, row) => {
    switch (config.type) {
      case 'position_executor':
        return new types.position_executor(id, config, market, row)
      case 'dca_executor':
        return new types.dca_executor(id, config, market, row)
      case 'grid_executor':
        return new types.grid_executor(id, config, market, row)
      case 'order_executor':
        return new types.order_executor(id, config, market, row)
      default:
        return undefined
    }
  }

/** Creates an executor on past candles, in each mode. Types that trade on two markets are passed over, as in the original. */
export const simulate: Record<BacktestMode, Simulate> = {
  hummingbot: simulateWith(simulators.hummingbot),
  realistic: simulateWith(simulators.realistic),
}
