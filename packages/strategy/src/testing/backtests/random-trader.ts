import fc from 'fast-check'
import { z } from 'zod'
import type { Action, Controller, ControllerConfig, World } from '../../controllers/controller.ts'
import type { ConnectorPair, ExecutorConfig, TripleBarrier } from '../../executors/executor-config.ts'
import { exactOf, plus, times } from '../../numbers/exact.ts'
import { aDca, aGrid, anOrder, aPosition } from '../executors.ts'

const fraction = (min: number, max: number) =>
  fc.integer({ min: min * 10_000, max: max * 10_000 }).map((n) => n / 10_000)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const side = fc.constantFrom('BUY' as const, 'SELL' as const)
const trailing = fc.record({ activation_price: fraction(0.0005, 0.01), trailing_delta: fraction(0.0005, 0.005) })
const seconds = fc.integer({ min: 0, max: 3600 })

const barrier: fc.Arbitrary<TripleBarrier> = fc.record({
  stop_loss: maybe(fraction(0.001, 0.02)),
  take_profit: maybe(fraction(0.001, 0.02)),
  time_limit: maybe(seconds),
  trailing_stop: maybe(trailing),
  open_order_type: fc.constantFrom('MARKET' as const, 'LIMIT' as const),
  take_profit_order_type: fc.constant('MARKET' as const),
  stop_loss_order_type: fc.constant('MARKET' as const),
  time_limit_order_type: fc.constant('MARKET' as const),
})

/** Makes an executor on a market at a price. */
type Plan = (price: number, market: ConnectorPair) => ExecutorConfig

const at = (price: number, offset: number) => times(plus(1, exactOf(offset)), price)

const position: fc.Arbitrary<Plan> = fc
  .record({ side, offset: fraction(-0.01, 0.01), amount: fraction(0.1, 5), barrier })
  .map(
    (plan) => (price, market) =>
      aPosition({
        ...market,
        side: plan.side,
        entry_price: at(price, plan.offset),
        amount: plan.amount,
        triple_barrier_config: plan.barrier,
      }),
  )

const order: fc.Arbitrary<Plan> = fc
  .record({
    side,
    offset: fraction(-0.01, 0.01),
    amount: fc.constantFrom(0.5, 1, 2),
    execution_strategy: fc.constantFrom('MARKET' as const, 'LIMIT' as const, 'LIMIT_MAKER' as const),
  })
  .map(
    ({ offset, ...plan }) =>
      (price, market) =>
        anOrder({ ...market, ...plan, price: at(price, offset) }),
  )

const dca: fc.Arbitrary<Plan> = fc
  .record({
    side,
    steps: fc.array(fraction(0, 0.005), { minLength: 1, maxLength: 4 }),
    take_profit: maybe(fraction(0.001, 0.02)),
    // Without one the original's last level has no end, and the whole backtest fails.
    stop_loss: fraction(0.001, 0.02),
    trailing_stop: maybe(trailing),
    time_limit: maybe(seconds),
  })
  .map(({ steps, ...plan }) => (price, market) => {
    const away = plan.side === 'BUY' ? -1 : 1
    const offsets = steps.map((_, n) => steps.slice(0, n + 1).reduce((a, b) => a + b, 0) * away)
    return aDca({
      ...market,
      ...plan,
      amounts_quote: steps.map((_, n) => 100 * (n + 1)),
      prices: offsets.map((offset) => at(price, offset)),
    })
  })

const grid: fc.Arbitrary<Plan> = fc
  .record({
    side,
    below: fraction(0.002, 0.02),
    above: fraction(0.002, 0.02),
    limit: fraction(0.001, 0.02),
    total_amount_quote: fc.constantFrom(100, 500),
    keep_position: fc.boolean(),
    barrier,
    take_profit: fraction(0.001, 0.01),
  })
  .map(
    ({ below, above, limit, take_profit, barrier: barriers, ...plan }) =>
      (price, market) =>
        aGrid({
          ...market,
          ...plan,
          start_price: at(price, -below),
          end_price: at(price, above),
          limit_price: at(price, plan.side === 'BUY' ? -below - limit : above + limit),
          min_spread_between_orders: 0.001,
          triple_barrier_config: { ...barriers, take_profit },
        }),
  )

type Move =
  | { readonly kind: 'create'; readonly plan: Plan }
  | { readonly kind: 'stop'; readonly pick: number; readonly keepPosition: boolean }

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), plan: fc.oneof(position, order, dca, grid) }),
  fc.record({ kind: fc.constant('stop' as const), pick: fc.nat(5), keepPosition: fc.boolean() }),
)

/** What is done on which ticks. */
export type Moves = ReadonlyMap<number, readonly Move[]>

export const moves: fc.Arbitrary<Moves> = fc
  .array(fc.tuple(fc.nat(200), fc.array(move, { minLength: 1, maxLength: 4 })), { maxLength: 25 })
  .map((entries) => new Map(entries))

/** A controller that makes moves by the number of the tick, and shows `look` what it sees before. */
export const trader = (
  plan: Moves,
  market: ConnectorPair,
  look: (world: World) => void = () => undefined,
): { readonly controller: Controller; readonly config: ControllerConfig } => ({
  controller: {
    name: 'trader',
    type: 'generic',
    schema: z.custom<ControllerConfig>(),
    markets: () => [market],
    start: () => {
      let tick = -1
      return (world) => {
        tick++
        look(world)
        return (plan.get(tick) ?? []).flatMap((next) => actionOf(next, world, market))
      }
    },
  },
  config: {
    id: 'trader',
    controller_name: 'trader',
    controller_type: 'generic',
    total_amount_quote: 1000,
    manual_kill_switch: false,
  },
})

const actionOf = (next: Move, world: World, market: ConnectorPair): readonly Action[] => {
  if (next.kind === 'create') return [{ type: 'create', executor: next.plan(world.mid(market), market) }]
  const executor = world.active[next.pick % Math.max(1, world.active.length)]
  return executor === undefined ? [] : [{ type: 'stop', executor, keepPosition: next.keepPosition }]
}
