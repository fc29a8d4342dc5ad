import { growthOf } from '../backtest/engine.ts'
import type { SimulatedMarket, Simulation } from '../backtest/simulators/simulation.ts'
import type { Candles } from '../candles.ts'
import type { TripleBarrier } from '../executors/executor-config.ts'
import type { PlainRow } from './plain/outcome.ts'

/** The market of a series of candles, without rules. */
export const marketOf = (candles: Candles, tradeCost: number): SimulatedMarket => ({
  candles,
  growth: growthOf(candles.close),
  tradeCost,
  rules: undefined,
})

/** Takes one to its end, and what it said of itself on each row. */
export const stepped = (simulation: Simulation, start: number, seen?: (row: number) => void): PlainRow[] => {
  const rows: PlainRow[] = []
  for (let row = start; ; row++) {
    if (row > start) simulation.advance(row)
    seen?.(row)
    rows.push({
      pct: simulation.netPnlPct,
      pnl: simulation.netPnlQuote,
      fees: simulation.cumFeesQuote,
      filled: simulation.filledAmountQuote,
      average: simulation.averagePrice,
    })
    if (!simulation.isActive) return rows
  }
}

/** Barriers with nothing in them but what is given. */
export const barrierOf = (given: Partial<TripleBarrier>): TripleBarrier => ({
  stop_loss: null,
  take_profit: null,
  time_limit: null,
  trailing_stop: null,
  open_order_type: 'LIMIT',
  take_profit_order_type: 'MARKET',
  stop_loss_order_type: 'MARKET',
  time_limit_order_type: 'MARKET',
  ...given,
})

/** Where test executors trade. */
export const ANY_MARKET = { connector_name: 'test', trading_pair: 'AAA-USDT', leverage: 1, level_id: null } as const
