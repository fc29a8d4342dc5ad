import t from 'tap'
import type { CloseType } from '../executors/close-type.ts'
import { anExecutor } from '../testing/world.ts'
import type { BacktestMode, PnlSeries, PositionHoldReport } from './backtest.ts'
import { summarise } from './summary.ts'

const ended = (closeType: CloseType, netPnlQuote: number, side: 'BUY' | 'SELL' = 'BUY') =>
  anExecutor(
    {
      type: 'order_executor',
      connector_name: 'binance',
      trading_pair: 'AAA-USDT',
      side,
      leverage: 1,
      level_id: null,
      amount: 1,
      position_action: 'OPEN',
      price: null,
      chaser_config: null,
      execution_strategy: 'MARKET',
    },
    { isActive: false, closeType, netPnlQuote, cumFeesQuote: 0.5, filledAmountQuote: 100 },
  )

const series = (total: readonly number[], executorUnrealized: readonly number[]): PnlSeries => ({
  length: total.length,
  timestamp: Float64Array.from(total, (_, row) => row * 60),
  executorRealized: new Float64Array(total.length),
  positionRealized: new Float64Array(total.length),
  positionUnrealized: new Float64Array(total.length),
  total: Float64Array.from(total),
  activeExecutors: new Int32Array(total.length),
  cumulativeVolume: new Float64Array(total.length),
  executorUnrealized: Float64Array.from(executorUnrealized),
})

const hold: PositionHoldReport = {
  connector_name: 'binance',
  trading_pair: 'AAA-USDT',
  buyAmountBase: 1,
  buyAmountQuote: 100,
  sellAmountBase: 0,
  sellAmountQuote: 0,
  netAmountBase: 1,
  averageEntryPrice: 100,
  realizedPnlQuote: 7,
  cumFeesQuote: 2,
  volumeTradedQuote: 100,
  isClosed: false,
  executors: 1,
}

const executors = [
  ended('TAKE_PROFIT', 10),
  ended('TAKE_PROFIT', 5, 'SELL'),
  ended('STOP_LOSS', -3),
  ended('EARLY_STOP', 0),
  ended('POSITION_HOLD', 4),
]

const figures = (mode: BacktestMode, given = executors) =>
  summarise({
    executors: given,
    pnl: series([0, 10, 8, 12], [0, 0, -5, 0]),
    holds: [hold],
    positionRealized: 7,
    positionUnrealized: 1,
    capital: 1000,
    mode,
  })

t.test('the figures of the original', async (t) => {
  t.match(figures('hummingbot'), {
    net_pnl_quote: 19,
    net_pnl: 0.019,
    total_executors: 5,
    total_executors_with_position: 3,
    total_volume: 300,
    total_long: 2,
    total_short: 1,
    accuracy_long: 0.5,
    accuracy_short: 1,
    accuracy: 2 / 3,
    win_signals: 2,
    loss_signals: 1,
    profit_factor: 5,
    max_drawdown_usd: -2,
    max_drawdown_pct: -0.002,
    unrealized_pnl_quote: 1,
    position_realized_pnl_quote: 7,
    total_fees_quote: 2.5,
  })
  t.same(Object.entries(figures('hummingbot').close_types), [
    ['EARLY_STOP', 1],
    ['POSITION_HOLD', 1],
    ['STOP_LOSS', 1],
    ['TAKE_PROFIT', 2],
  ])
  // Mean and sample deviation of 0, 10, 8 and 12.
  t.equal(figures('hummingbot').sharpe_ratio.toPrecision(12), (7.5 / Math.sqrt(83 / 3)).toPrecision(12))
})

t.test('a careful backtest takes off the fees of what is held, and falls with what is still open', async (t) => {
  const careful = figures('realistic')
  t.match(careful, { net_pnl_quote: 21, total_volume: 500, max_drawdown_usd: -7, max_drawdown_pct: -0.007 })
  // Mean and sample deviation of the changes 10, -7 and 9, as many of them as a year has minutes.
  const expected = (4 / Math.sqrt(91)) * Math.sqrt((365.25 * 86_400) / 60)
  t.equal(careful.sharpe_ratio.toPrecision(12), expected.toPrecision(12))
})

t.test('without a loss the profit factor is one, without an executor everything is zero', async (t) => {
  t.equal(figures('hummingbot', [ended('TAKE_PROFIT', 10)]).profit_factor, 1)
  t.same(new Set(Object.values(figures('hummingbot', []))), new Set([0]))
})
