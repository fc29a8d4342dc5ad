import type { z } from 'zod'
import type { CandleFeed } from '../../candles.ts'
import type { ConnectorPair, OrderExecutorConfig, PositionExecutorConfig } from '../../executors/executor-config.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import { opposite, type Side } from '../../executors/side.ts'
import { profitAlone } from '../../executors/triple-barrier.ts'
import { pairSpread } from '../../indicators/pair-spread.ts'
import { minus, plus, times } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { type Action, type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC } from '../fields.ts'
import { decimal, exactDecimal, integer, interval, positionMode } from '../fields-kinds.ts'
import { connectorPair } from '../fields-models.ts'
import { isQuoteOn, type Leg, type LegState, legState } from './stat-arb-leg.ts'

const schema = controllerConfig('stat_arb', GENERIC, {
  connector_pair_dominant: field(connectorPair, { connector_name: 'binance_perpetual', trading_pair: 'SOL-USDT' }),
  connector_pair_hedge: field(connectorPair, { connector_name: 'binance_perpetual', trading_pair: 'POPCAT-USDT' }),
  interval: field(interval, '1m'),
  lookback_period: field(integer, 300, { gt: 0 }),
  entry_threshold: field(decimal, '2.0'),
  take_profit: field(decimal, '0.0008'),
  tp_global: field(decimal, '0.01'),
  sl_global: field(decimal, '0.05'),
  min_amount_quote: field(decimal, '10'),
  quoter_spread: field(exactDecimal, '0.0001'),
  quoter_cooldown: field(integer, 30),
  quoter_refresh: field(integer, 10),
  max_orders_placed_per_side: field(integer, 2),
  max_orders_filled_per_side: field(integer, 2),
  max_position_deviation: field(decimal, '0.1'),
  pos_hedge_ratio: field(decimal, '1.0'),
  leverage: field(integer, 20),
  position_mode: field(positionMode, 'PositionMode.HEDGE'),
})

export type StatArbConfig = z.output<typeof schema>

const feedOf = (config: StatArbConfig, market: ConnectorPair): CandleFeed => ({
  connector: market.connector_name,
  pair: market.trading_pair,
  interval: config.interval,
  window: config.lookback_period,
})

/** 1: the dominant is cheap against the hedge, -1: it is dear, 0: neither, or too few candles to say. */
const signals = (config: StatArbConfig): ((world: World) => number) => {
  const dominant = feedOf(config, config.connector_pair_dominant)
  const hedge = feedOf(config, config.connector_pair_hedge)
  let [opened, lastDominant, lastHedge, signal] = [Number.NaN, Number.NaN, Number.NaN, 0]
  return (world) => {
    const [x, y] = [world.candles(dominant), world.candles(hedge)]
    if (!x || !y) return 0
    const [closeX, closeY] = [x.close[x.length - 1] ?? Number.NaN, y.close[y.length - 1] ?? Number.NaN]
    const newest = (x.timestamp[x.length - 1] ?? 0) + (y.timestamp[y.length - 1] ?? 0)
    if (opened === newest && lastDominant === closeX && lastHedge === closeY) return signal
    opened = newest
    lastDominant = closeX
    lastHedge = closeY
    const z = pairSpread(x.close, y.close, config.lookback_period)?.z ?? 0
    signal = z > config.entry_threshold ? 1 : z < -config.entry_threshold ? -1 : 0
    return signal
  }
}

const closing = (config: StatArbConfig, held: PositionSummary): OrderExecutorConfig => ({
  type: 'order_executor',
  connector_name: held.connector_name,
  trading_pair: held.trading_pair,
  side: opposite(held.side),
  amount: held.amount,
  position_action: 'CLOSE',
  price: null,
  chaser_config: null,
  execution_strategy: 'MARKET',
  leverage: config.leverage,
  level_id: null,
})

const quoting = (
  config: StatArbConfig,
  { market }: Leg,
  side: Side,
  { lowest, highest }: LegState,
  mid: number,
): PositionExecutorConfig => {
  const price =
    side === 'BUY'
      ? times(Number.isFinite(lowest) ? lowest : mid, minus(1, config.quoter_spread))
      : times(Number.isFinite(highest) ? highest : mid, plus(1, config.quoter_spread))
  return positionExecutor(
    { ...market, leverage: config.leverage },
    {
      side,
      entry_price: price,
      amount: config.min_amount_quote / mid,
      triple_barrier_config: profitAlone(config.take_profit),
    },
  )
}

/** A market order has ended two ticks before what it left behind is seen. */
const TICKS_TO_SETTLE = 2

/**
 * Closes what is held, and does not close it again before that can be seen: the original sends an order on every tick
 * until the position shrinks, and so turns it around.
 */
const closer = (config: StatArbConfig) => {
  const sent = new Map<string, { readonly amount: number; readonly tick: number }>()
  let tick = 0
  const isUnderWay = (world: World, held: PositionSummary): boolean => {
    const last = sent.get(`${held.connector_name} ${held.trading_pair} ${held.side}`)
    if (last === undefined || last.amount !== held.amount) return false
    if (tick - last.tick <= TICKS_TO_SETTLE) return true
    return world.active.some(
      (executor) => executor.config.type === 'order_executor' && isSameMarket(executor.config, held),
    )
  }
  return {
    next: (): void => {
      tick += 1
    },
    close: (world: World, held: PositionSummary): Action[] => {
      if (isUnderWay(world, held)) return []
      sent.set(`${held.connector_name} ${held.trading_pair} ${held.side}`, { amount: held.amount, tick })
      return [{ type: 'create', executor: closing(config, held) }]
    },
  }
}

/** Which legs may grow: not the one that has run ahead of the other. */
const mayGrow = (config: StatArbConfig, dominant: LegState, hedge: LegState): readonly [boolean, boolean] => {
  const held = dominant.heldQuote
  const imbalance = held === 0 ? 0 : (held - hedge.heldQuote * config.pos_hedge_ratio) / held
  return [imbalance <= config.max_position_deviation, imbalance >= -config.max_position_deviation]
}

/**
 * Two markets that go together: when they have come apart, buys the one that fell behind and sells the other, with small
 * maker quotes on both until each leg is what it is to be.
 */
export const statArb: Controller<StatArbConfig> = {
  name: 'stat_arb',
  type: 'generic',
  schema,
  markets: (config) => [config.connector_pair_dominant, config.connector_pair_hedge],
  feeds: (config) => [feedOf(config, config.connector_pair_dominant), feedOf(config, config.connector_pair_hedge)],
  start(config) {
    const ratio = config.pos_hedge_ratio
    const legs = [
      { market: config.connector_pair_dominant, target: config.total_amount_quote / (1 + ratio) },
      { market: config.connector_pair_hedge, target: (config.total_amount_quote * ratio) / (1 + ratio) },
    ] as const
    const signalOf = signals(config)
    const closes = closer(config)

    const grow = (world: World, leg: Leg, side: Side, state: LegState): Action[] => {
      const gap = leg.target - state.heldQuote - state.filledQuote
      const isRoom =
        state.placed < config.max_orders_placed_per_side && state.filled < config.max_orders_filled_per_side
      const mid = world.mid(leg.market)
      if (gap <= 0 || !isRoom || !(mid > 0)) return []
      return [{ type: 'create', executor: quoting(config, leg, side, state, mid) }]
    }

    /** Takes off what stands on the wrong side of a leg. */
    const turn = (world: World, { market }: Leg, side: Side): Action[] => [
      ...world.active
        .filter((executor) => isQuoteOn(executor, market) && executor.side === opposite(side) && executor.isActive)
        .map((executor): Action => ({ type: 'stop', executor, keepPosition: false })),
      ...world.positions
        .filter((held) => isSameMarket(held, market) && held.side === opposite(side))
        .flatMap((held) => closes.close(world, held)),
    ]

    /** Fills become part of the position after a while, and quotes that nobody took are put anew. */
    const renew = (world: World, { market }: Leg, wanted: Side | undefined): Action[] =>
      world.active
        .filter((executor) => isQuoteOn(executor, market) && executor.isActive)
        .filter(({ side }) => wanted === undefined || side === wanted)
        .filter(
          ({ timestamp, isTrading }) =>
            world.now - timestamp > (isTrading ? config.quoter_cooldown : config.quoter_refresh),
        )
        .map((executor) => ({ type: 'stop', executor, keepPosition: executor.isTrading }))

    return (world) => {
      closes.next()
      const signal = signalOf(world)
      const sides = SIDES_OF[signal + 1] ?? NEITHER
      const [dominant, hedge] = [legState(world, legs[0], sides[0]), legState(world, legs[1], sides[1])]
      const held = dominant.heldQuote + hedge.heldQuote
      const pnl = held === 0 ? 0 : (dominant.pnlQuote + hedge.pnlQuote) / held
      if (pnl > config.tp_global || pnl < -config.sl_global)
        return world.positions.flatMap((position) => closes.close(world, position))
      const growing = mayGrow(config, dominant, hedge)
      const actions = legs.flatMap((leg, place) => {
        const side = sides[place]
        const state = place === 0 ? dominant : hedge
        return [
          ...(side === undefined ? [] : turn(world, leg, side)),
          ...(side !== undefined && growing[place] ? grow(world, leg, side, state) : []),
          ...renew(world, leg, side),
        ]
      })
      return actions.length > 0 ? actions : NO_ACTIONS
    }
  },
}

const NEITHER = [undefined, undefined] as const
/** The sides of the legs for the signals -1, 0 and 1. */
const SIDES_OF: readonly (readonly [Side | undefined, Side | undefined])[] = [['SELL', 'BUY'], NEITHER, ['BUY', 'SELL']]
