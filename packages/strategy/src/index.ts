export { ANSWER_MEMBERS, type AnswerMember, answerParts, backtestAnswer } from './backtest/answer/answer.ts'
export {
  BacktestImpossible,
  type BacktestInput,
  type BacktestMode,
  type BacktestResult,
  type HeldSeries,
  type PnlSeries,
  type PositionHoldReport,
} from './backtest/backtest.ts'
export type { Results } from './backtest/results.ts'
export { runBacktest } from './backtest/run-backtest.ts'
export type { CandleFeed, Candles } from './candles.ts'
export { candleFeatures } from './controllers/candle-features.ts'
export { CONTROLLERS, findController } from './controllers/catalogue.ts'
export {
  type Action,
  type Controller,
  type ControllerConfig,
  type ControllerType,
  type Decide,
  type Features,
  NO_ACTIONS,
  type TradingRules,
  type World,
} from './controllers/controller.ts'
export {
  type Directional,
  type DirectionalConfig,
  directional,
  type Open,
} from './controllers/directional/directional.ts'
export {
  type Base,
  type ConfigOf,
  type ControllerSchema,
  controllerConfig,
  type Field,
  type FieldMeta,
  type Fields,
  field,
  fieldsOf,
  GENERIC,
  PROMPT,
  required,
  UPDATABLE,
  UPDATABLE_PROMPT,
  type Wrong,
} from './controllers/fields.ts'
export { candlesFields, DIRECTIONAL, MARKET_MAKING } from './controllers/fields-bases.ts'
export {
  blankAs,
  bool,
  byName,
  decimal,
  exactDecimal,
  float,
  integer,
  interval,
  type Kind,
  listOf,
  oneOf,
  optional,
  orderType,
  type PositionMode,
  positionMode,
  positionSide,
  side,
  text,
  textOrNull,
} from './controllers/fields-kinds.ts'
export {
  candlesConfig,
  connectorPair,
  initialPositions,
  model,
  trailingStop,
  tripleBarrier,
} from './controllers/fields-models.ts'
export { type TemplateField, template } from './controllers/fields-template.ts'
export type { Level } from './controllers/market-making/levels.ts'
export {
  type MarketMakingConfig,
  marketMaking,
  positionsAtLevels,
  type Quoting,
} from './controllers/market-making/market-making.ts'
export { candlesFeed, ownMarket } from './controllers/own-market.ts'
export { CLOSE_TYPES, type CloseType } from './executors/close-type.ts'
export type { Executor } from './executors/executor.ts'
export type {
  ArbitrageExecutorConfig,
  ConnectorPair,
  DcaExecutorConfig,
  ExecutorConfig,
  GridExecutorConfig,
  OrderExecutorConfig,
  PositionExecutorConfig,
  TrailingStop,
  TripleBarrier,
  XemmExecutorConfig,
} from './executors/executor-config.ts'
export { positionExecutor, type TradedMarket } from './executors/position-executor.ts'
export { RUNNABLE_STATUSES } from './executors/runnable-status.ts'
export { SIDES, type Side } from './executors/side.ts'
export * from './indicators/index.ts'
export {
  type Exact,
  exactOf,
  minus,
  nearest,
  over,
  type Price,
  plus,
  times,
} from './numbers/exact.ts'
export * from './optimise/index.ts'
export type { PositionSummary, Positions } from './positions/positions.ts'
export * from './report/index.ts'
