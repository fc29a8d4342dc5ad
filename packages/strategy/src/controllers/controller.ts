import type { BacktestMode } from '../backtest/backtest.ts'
import type { CandleFeed, Candles } from '../candles.ts'
import type { Executor } from '../executors/executor.ts'
import type { ConnectorPair, ExecutorConfig } from '../executors/executor-config.ts'
import type { Side } from '../executors/side.ts'
import type { Price } from '../numbers/exact.ts'
import type { Positions } from '../positions/positions.ts'
import type { ControllerSchema } from './fields.ts'

export type ControllerType = 'directional_trading' | 'market_making' | 'generic'

/** What every configuration has, whatever the controller. */
export interface ControllerConfig {
  readonly id: string
  readonly controller_name: string
  readonly controller_type: ControllerType
  readonly total_amount_quote: number
  readonly manual_kill_switch: boolean
}

export interface TradingRules {
  readonly min_order_size: number
  readonly min_price_increment: number
  readonly min_base_amount_increment: number
  readonly min_notional_size: number
}

/** What a controller derives from candles: one row a candle of the series it is derived from. */
export interface Features {
  readonly timestamp: Float64Array
  /**
   * In the order of the answer, but for those that begin with an underscore: a controller's own. NaN: not available; a
   * backtest leaves out the rows that have one.
   */
  readonly columns: ReadonlyMap<string, Float64Array>
}

/** What a controller may look at when it decides. Nothing else: no clock, no network, no chance. */
export interface World {
  /** What it is asked for: a backtest of the original reproduces what it does by mistake. */
  readonly mode: BacktestMode | 'live'
  /** Seconds. */
  readonly now: number
  /** The middle of the book; in a backtest the close of the main pair, and 1 for any other. */
  mid(market: ConnectorPair): number
  rules(market: ConnectorPair): TradingRules | undefined
  /** Rounded down to the increment of the market's rules; as it is where these are not known. */
  quantizeAmount(market: ConnectorPair, amount: number): number
  quantizePrice(market: ConnectorPair, price: Price): number
  /**
   * What one of an asset is worth in another, whichever market says so; undefined when none does. In a backtest as `mid`:
   * the close of the main pair for its own two assets, and 1 for any other.
   */
  rate(asset: string, inAsset: string): number | undefined
  /** The token that pays for transactions where a connector leads to a chain; undefined for any other. In a backtest none. */
  gasToken(connector: string): string | undefined
  /** What the account owns; 0 in a backtest. */
  balance(connector: string, asset: string): number
  /** The value of a feature now; NaN when it has none. */
  feature(column: string): number
  /** The candles of one of its feeds, up to now; undefined until there are any. */
  candles(feed: CandleFeed): Candles | undefined
  /**
   * What the venue itself says is held, whoever bought it; amount 0 when nothing is. Undefined where an account has no
   * single position on a market (on spot, and on perpetuals in hedge mode) and where nobody asks the venue: in a backtest.
   */
  venuePosition(market: ConnectorPair): { readonly side: Side; readonly amount: number } | undefined
  /** How the account keeps its positions at the venue; undefined where nobody asks the venue: in a backtest. */
  positionMode(connector: string): 'HEDGE' | 'ONEWAY' | undefined
  /** In the order they were created; those that are on their way out (SHUTTING_DOWN) still among them. */
  readonly active: readonly Executor[]
  /** In the order they ended, the latest last. */
  readonly finished: readonly Executor[]
  readonly positions: Positions
}

export type Action =
  | { readonly type: 'create'; readonly executor: ExecutorConfig }
  | { readonly type: 'stop'; readonly executor: Executor; readonly keepPosition: boolean }

/** What a controller answers with when there is nothing to do: nothing is allocated for it. */
export const NO_ACTIONS: readonly Action[] = []

/** Called once a tick. What it remembers from tick to tick, it keeps itself. */
export type Decide = (world: World) => readonly Action[]

/**
 * A trading strategy: one file, one of these. A user's own has the same form. Its functions are methods so that a list
 * may hold controllers of any configuration: what goes into them is what their own schema gave.
 */
export interface Controller<Config extends ControllerConfig = ControllerConfig> {
  readonly name: string
  readonly type: ControllerType
  readonly schema: ControllerSchema<Config>
  markets(config: Config): readonly ConnectorPair[]
  feeds?(config: Config): readonly CandleFeed[]
  /**
   * Live, it is given the last rows of each feed, in a backtest the whole series at once. Undefined when a series is too
   * short. The mode matters where the original looks ahead.
   */
  features?(
    config: Config,
    candles: (feed: CandleFeed) => Candles | undefined,
    mode: World['mode'],
  ): Features | undefined
  start(config: Config): Decide
}
