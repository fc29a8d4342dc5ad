import fc from 'fast-check'
import type { Candles } from '../candles.ts'
import type {
  DcaExecutorConfig,
  GridExecutorConfig,
  OrderExecutorConfig,
  PositionExecutorConfig,
} from '../executors/executor-config.ts'
import { exactOf } from '../numbers/exact.ts'
import { aDca, aGrid, anOrder, aPosition, barrierOf } from './executors.ts'
import { type Rough, roughCandles } from './rough-candles.ts'

/** An executor somewhere in rough candles. Prices are texts beside their configuration: the plain rules compare these. */
export interface Situation<Config> {
  readonly candles: Candles
  readonly start: number
  readonly cost: number
  readonly config: Config
  readonly limits: readonly string[]
}

const side = fc.constantFrom('BUY' as const, 'SELL' as const)
const fraction = fc.option(fc.constantFrom(0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02), { nil: null })
const timeLimit = fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: null })
const cost = fc.constantFrom(0, 0.0002, 0.0006)
const trailing = fc.option(
  fc.record({
    activation_price: fc.constantFrom(0, 0.001, 0.002, 0.004),
    trailing_delta: fc.constantFrom(0, 0.0005, 0.001, 0.003),
  }),
  { nil: null },
)

const rough = (gap: number): fc.Arbitrary<Rough> =>
  fc.record({ seed: fc.nat(2 ** 31), rows: fc.integer({ min: 1, max: 120 }), gap: fc.constant(gap) })

/** How far a price lies from the market, in tenths of a percent; three decimals, as closes have. */
const distance = fc.integer({ min: -12, max: 12 })

const situated = <Given, Config>(
  gap: number,
  given: fc.Arbitrary<Given>,
  make: (given: Given, price: (tenths: number) => string) => { config: Config; limits: readonly string[] },
): fc.Arbitrary<Situation<Config>> =>
  fc.record({ series: rough(gap), at: fc.nat(1_000), cost, given }).map(({ series, at, cost, given }) => {
    const candles = roughCandles(series)
    const start = at % candles.length
    const close = candles.close[start] as number
    return { candles, start, cost, ...make(given, (tenths) => (close * (1 + tenths / 1_000)).toFixed(3)) }
  })

export const anyPosition = (gap: number): fc.Arbitrary<Situation<PositionExecutorConfig>> =>
  situated(
    gap,
    fc.record({
      side,
      distance,
      barriers: fc.record({
        take_profit: fraction,
        stop_loss: fraction,
        time_limit: timeLimit,
        trailing_stop: trailing,
        open_order_type: fc.constantFrom('MARKET' as const, 'LIMIT' as const, 'LIMIT_MAKER' as const),
      }),
    }),
    ({ side, distance, barriers }, price) => ({
      limits: [price(distance)],
      config: aPosition({
        side,
        entry_price: exactOf(price(distance)),
        amount: 1.5,
        triple_barrier_config: barrierOf(barriers),
      }),
    }),
  )

export const anyOrder = (gap: number): fc.Arbitrary<Situation<OrderExecutorConfig>> =>
  situated(
    gap,
    fc.record({
      side,
      distance,
      execution_strategy: fc.constantFrom(
        'MARKET' as const,
        'LIMIT' as const,
        'LIMIT_MAKER' as const,
        'LIMIT_CHASER' as const,
      ),
    }),
    ({ side, distance, execution_strategy }, price) => ({
      limits: [price(distance)],
      config: anOrder({
        side,
        execution_strategy,
        price: exactOf(price(distance)),
        amount: 1.5,
        chaser_config: { distance: 0.001, refresh_threshold: 0.002 },
      }),
    }),
  )

export const anyDca = (gap: number): fc.Arbitrary<Situation<DcaExecutorConfig>> =>
  situated(
    gap,
    fc.record({
      side,
      levels: fc.array(fc.tuple(distance, fc.integer({ min: 5, max: 50 })), { minLength: 1, maxLength: 4 }),
      isInOrder: fc.boolean(),
      take_profit: fraction,
      stop_loss: fraction,
      time_limit: timeLimit,
      trailing_stop: trailing,
    }),
    ({ side, levels, isInOrder, ...barriers }, price) => {
      const best = (a: number, b: number) => (side === 'BUY' ? b - a : a - b)
      const ordered = isInOrder ? levels.toSorted(([a], [b]) => best(a, b)) : levels
      const limits = ordered.map(([tenths]) => price(tenths))
      return {
        limits,
        config: aDca({
          side,
          prices: limits.map(exactOf),
          amounts_quote: ordered.map(([, amount]) => amount),
          ...barriers,
        }),
      }
    },
  )

export const anyGrid = (gap: number): fc.Arbitrary<Situation<GridExecutorConfig>> =>
  situated(
    gap,
    fc.record({
      side,
      from: fc.integer({ min: -30, max: 10 }),
      width: fc.integer({ min: 2, max: 40 }),
      limit: fc.constantFrom(0, 5, 30),
      total: fc.integer({ min: 1, max: 300 }),
      spread: fc.constantFrom(0.0005, 0.001, 0.002),
      take_profit: fc.constantFrom(0.0005, 0.001, 0.002, 0.004),
      stop_loss: fraction,
      time_limit: timeLimit,
      keep_position: fc.boolean(),
      coerce_tp_to_step: fc.boolean(),
    }),
    ({ side, from, width, limit, total, spread, take_profit, stop_loss, time_limit, ...config }, price) => {
      const [start, end] = [price(from), price(from + width)]
      const beyond = side === 'BUY' ? price(from - limit) : price(from + width + limit)
      return {
        limits: [start, end],
        config: aGrid({
          side,
          start_price: exactOf(start),
          end_price: exactOf(end),
          limit_price: limit === 0 ? 0 : exactOf(beyond),
          total_amount_quote: total,
          min_spread_between_orders: spread,
          triple_barrier_config: barrierOf({ take_profit, stop_loss, time_limit }),
          ...config,
        }),
      }
    },
  )
