export type {
  BacktestInput,
  BacktestMode,
  BacktestResult,
  HeldSeries,
  PnlSeries,
  PositionHoldReport,
} from './backtest/backtest.ts'
export type { Results } from './backtest/results.ts'
export type { CandleFeed, Candles } from './candles.ts'
export type {
  Action,
  Controller,
  ControllerConfig,
  Decide,
  Features,
  TradingRules,
  World,
} from './controllers/controller.ts'
export {
  CLOSE_TYPES,
  type CloseType,
  ORDER_TYPES,
  RUNNABLE_STATUSES,
  SIDES,
  type Side,
} from './executors/close-type.ts'
export type { Executor } from './executors/executor.ts'
export type { ExecutorConfig } from './executors/executor-config.ts'
