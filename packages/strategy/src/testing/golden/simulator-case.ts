import { z } from 'zod'
import { growthOf } from '../../backtest/engine.ts'
import { lastRowOf } from '../../backtest/simulators/lifetime.ts'
import {
  type Simulate,
  type SimulatedMarket,
  type Simulation,
  UnsupportedExecutor,
} from '../../backtest/simulators/simulation.ts'
import type { Candles } from '../../candles.ts'
import type { TradingRules } from '../../controllers/controller.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import { differences } from '../differences.ts'
import type { Difference, GoldenCheck, GoldenFile, GoldenSuite } from '../golden.ts'

/** What the cases of every kind of executor have. */
const header = z.object({
  name: z.string(),
  series: z.string(),
  start_index: z.int().min(0),
  trade_cost: z.number(),
  expected: z.looseObject({
    raises: z.string().optional(),
    samples: z.array(z.looseObject({ timestamp: z.number() })).optional(),
  }),
})

type Header = z.infer<typeof header>

/** How the cases of one kind of executor become something to run. */
export interface SimulatorCases<Schema extends z.ZodType> {
  /** What a case of this kind must have beside the header. */
  readonly schema: Schema
  readonly prepare: (given: z.infer<Schema>, candles: Candles) => PreparedCase
}

export interface PreparedCase {
  readonly config: ExecutorConfig
  readonly simulate: Simulate
  readonly timeLimit: number | null
  /** `full`: it was given all rows to the end, whatever its time limit. */
  readonly window?: 'engine' | 'full' | undefined
  readonly rules?: TradingRules
  /** Further figures that the case expects of the one that has ended. */
  readonly more?: (simulation: Simulation) => object
}

const named = z.looseObject({ name: z.string() })

/** The suite of one kind: a file is of that kind when its first case is. */
export const simulatorSuite =
  <Schema extends z.ZodType>({ schema, prepare }: SimulatorCases<Schema>): GoldenSuite =>
  ({ content, series }: GoldenFile) => {
    if (!Array.isArray(content) || content.length === 0) return undefined
    const isOurs = (item: unknown) => header.safeParse(item).success && schema.safeParse(item).success
    if (!isOurs(content[0])) return undefined
    return content.map((item, index): GoldenCheck => {
      return {
        name: named.safeParse(item).data?.name ?? `case ${index + 1}`,
        run: () => {
          const head = header.parse(item)
          const candles = series(head.series)
          return checkCase(head, candles, prepare(schema.parse(item), candles))
        },
      }
    })
  }

const checkCase = (head: Header, candles: Candles, prepared: PreparedCase): readonly Difference[] => {
  const { expected, start_index: start, trade_cost: tradeCost } = head
  const market = { candles, growth: growthOf(candles.close), tradeCost, rules: prepared.rules }
  try {
    const actual = runCase(head, market, prepared, start)
    return expected.raises === undefined
      ? differences('', expected, actual)
      : [{ at: 'raises', expected: expected.raises, actual: 'nothing' }]
  } catch (cause) {
    // The original's words are Python's; that it fails is what counts.
    if (expected.raises !== undefined && cause instanceof UnsupportedExecutor) return []
    throw cause
  }
}

const runCase = (head: Header, market: SimulatedMarket, prepared: PreparedCase, start: number): object => {
  const { candles } = market
  const simulation = prepared.simulate('golden', prepared.config, market, start)
  if (simulation === undefined) return { close_type: 'FAILED' }
  const wanted = new Set(head.expected.samples?.map(({ timestamp }) => timestamp))
  const samples: object[] = []
  let fill: number | null = null
  let row = start
  for (;;) {
    const timestamp = candles.timestamp[row] as number
    if (fill === null && simulation.filledAmountQuote > 0) fill = timestamp
    if (wanted.has(timestamp)) samples.push(sampleOf(timestamp, simulation))
    if (!simulation.isActive) break
    row += 1
    simulation.advance(row)
  }
  const windowEnd = prepared.window === 'full' ? candles.length - 1 : lastRowOf(candles, start, prepared.timeLimit)
  return {
    window_first_timestamp: candles.timestamp[start],
    window_last_timestamp: candles.timestamp[windowEnd],
    window_rows: windowEnd - start + 1,
    simulation_rows: row - start + 1,
    close_price: candles.close[row],
    fill_timestamp: fill,
    ...figuresOf(simulation),
    samples,
    ...prepared.more?.(simulation),
  }
}

const figuresOf = (simulation: Simulation) => ({
  close_type: simulation.closeType,
  close_timestamp: simulation.closeTimestamp,
  net_pnl_pct: simulation.netPnlPct,
  net_pnl_quote: simulation.netPnlQuote,
  cum_fees_quote: simulation.cumFeesQuote,
  filled_amount_quote: simulation.filledAmountQuote,
  current_position_average_price: simulation.averagePrice,
})

const sampleOf = (timestamp: number, simulation: Simulation) => ({
  timestamp,
  status: simulation.status,
  is_active: simulation.isActive,
  is_trading: simulation.isTrading,
  open_order_last_update: simulation.openOrderLastUpdate,
  ...figuresOf(simulation),
})
