import type { ControllerConfig } from '../controllers/controller.ts'
import type { BacktestInput, BacktestResult } from './backtest.ts'
import { backtest } from './engine.ts'
import { simulate } from './simulators/simulate.ts'

/**
 * Runs a controller on past candles: the same input always gives the same result, to the last bit.
 * @throws {BacktestImpossible} when there is nothing to trade on.
 * @throws {UnsupportedExecutor} when the controller asks for what cannot be simulated.
 */
export const runBacktest = <Config extends ControllerConfig>(input: BacktestInput<Config>): BacktestResult =>
  backtest(input, simulate[input.mode])
