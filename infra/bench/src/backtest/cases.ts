import type { Candles, ControllerType } from '@colibri/strategy'

/** What is measured: each on every series. */
export interface BacktestCase {
  readonly name: string
  readonly type: ControllerType
  /** Rows a second at the least, at the engine. */
  readonly target: number
  readonly config: (series: Prices) => Readonly<Record<string, unknown>>
}

/** What a configuration has to know of the candles. */
export interface Prices {
  readonly interval: string
  readonly lowest: number
  readonly highest: number
}

export const pricesOf = ({ low, high }: Candles, interval: string): Prices => ({
  interval,
  lowest: low.reduce((a, b) => Math.min(a, b)),
  highest: high.reduce((a, b) => Math.max(a, b)),
})

export const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' } as const

const DIRECTIONAL = 1_000_000
const MARKET_MAKING = 300_000

const common = { id: 'bench', ...MARKET, total_amount_quote: 1000, leverage: 20 }

const directional = (name: string, own: Readonly<Record<string, unknown>>): BacktestCase => ({
  name,
  type: 'directional_trading',
  target: DIRECTIONAL,
  config: ({ interval }) => ({
    ...common,
    controller_type: 'directional_trading',
    controller_name: name,
    interval,
    max_executors_per_side: 2,
    cooldown_time: 300,
    stop_loss: '0.03',
    take_profit: '0.02',
    time_limit: 2700,
    ...own,
  }),
})

const bollinger = { bb_length: 100, bb_std: 2, bb_long_threshold: 0, bb_short_threshold: 1 }

/** The configurations that the original was measured with. */
export const BACKTEST_CASES: readonly BacktestCase[] = [
  directional('bollinger_v1', bollinger),
  directional('macd_bb_v1', {
    ...bollinger,
    bb_long_threshold: 0.2,
    bb_short_threshold: 0.8,
    macd_fast: 21,
    macd_slow: 42,
    macd_signal: 9,
    stop_loss: '0.008',
    take_profit: '0.006',
  }),
  directional('supertrend_v1', { length: 20, multiplier: 4, percentage_threshold: 0.01 }),
  directional('dman_v3', {
    ...bollinger,
    take_profit: '0.01',
    time_limit: 21_600,
    trailing_stop: '0.005,0.002',
    dca_spreads: '0.001,0.004,0.01,0.02',
    dca_amounts_pct: '10,20,30,40',
    dynamic_order_spread: false,
    dynamic_target: false,
  }),
  {
    name: 'pmm_simple',
    type: 'market_making',
    target: MARKET_MAKING,
    config: () => ({
      ...common,
      controller_type: 'market_making',
      controller_name: 'pmm_simple',
      buy_spreads: '0.001,0.002',
      sell_spreads: '0.001,0.002',
      executor_refresh_time: 300,
      cooldown_time: 15,
      stop_loss: '0.03',
      take_profit: '0.002',
      time_limit: 2700,
    }),
  },
  {
    name: 'grid_strike',
    type: 'generic',
    target: MARKET_MAKING,
    config: ({ lowest, highest }) => {
      const range = highest - lowest
      return {
        ...common,
        controller_type: 'generic',
        controller_name: 'grid_strike',
        side: 1,
        start_price: `${(lowest + range * 0.2).toFixed(2)}`,
        end_price: `${(lowest + range * 0.8).toFixed(2)}`,
        limit_price: `${(lowest + range * 0.05).toFixed(2)}`,
        min_spread_between_orders: '0.002',
        min_order_amount_quote: '10',
        triple_barrier_config: { take_profit: '0.003', open_order_type: 3, take_profit_order_type: 3 },
      }
    },
  },
]

export const RULES = {
  min_order_size: 0.001,
  min_price_increment: 0.01,
  min_base_amount_increment: 0.001,
  min_notional_size: 5,
} as const

export const TRADE_COST = 0.0006
