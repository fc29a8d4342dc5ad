import type { World } from '../controllers/controller.ts'
import type { Executor } from '../executors/executor.ts'
import type { ConnectorPair, ExecutorConfig } from '../executors/executor-config.ts'
import { nearest } from '../numbers/exact.ts'
import type { PositionSummary } from '../positions/positions.ts'

/** The market of `aWorld`, whose price is 100. */
export const MARKET: ConnectorPair = { connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' }

/** What a controller sees on a quiet tick: every market at 100, no rules, nothing owned, nothing going on. */
export const aWorld = (changes: Partial<World> = {}): World => ({
  mode: 'hummingbot',
  now: 1_000_000,
  mid: () => 100,
  rules: () => undefined,
  quantizeAmount: (_market, amount) => amount,
  quantizePrice: (_market, price) => nearest(price),
  rate: () => 1,
  gasToken: () => undefined,
  balance: () => 0,
  feature: () => Number.NaN,
  candles: () => undefined,
  venuePosition: () => undefined,
  positionMode: () => undefined,
  active: [],
  finished: [],
  positions: [],
  ...changes,
})

let created = 0

const entryOf = (config: ExecutorConfig): number =>
  'entry_price' in config ? nearest(config.entry_price) : 'price' in config ? nearest(config.price ?? Number.NaN) : 0

/** An executor as it is right after its creation: running, with nothing filled. */
export const anExecutor = (config: ExecutorConfig, changes: Partial<Executor> = {}): Executor => ({
  id: `executor-${++created}`,
  timestamp: 1_000_000,
  config,
  status: 'RUNNING',
  isActive: true,
  isTrading: false,
  closeType: null,
  closeTimestamp: null,
  netPnlPct: 0,
  netPnlQuote: 0,
  cumFeesQuote: 0,
  filledAmountQuote: 0,
  side: 'side' in config ? config.side : null,
  levelId: 'level_id' in config ? config.level_id : null,
  averagePrice: entryOf(config),
  openOrderLastUpdate: changes.timestamp ?? 1_000_000,
  ...changes,
})

/** What executors left behind: by default one long of 1, bought at 100. */
export const aPosition = (changes: Partial<PositionSummary> = {}): PositionSummary => ({
  ...MARKET,
  side: 'BUY',
  amount: 1,
  breakevenPrice: 100,
  unrealizedPnlQuote: 0,
  realizedPnlQuote: 0,
  cumFeesQuote: 0,
  volumeTradedQuote: 100,
  ...changes,
})
