import { growthOf } from '../backtest/engine.ts'
import type { SimulatedMarket, Simulation } from '../backtest/simulators/simulation.ts'
import type { Candles } from '../candles.ts'
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
