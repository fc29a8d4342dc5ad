import type { z } from 'zod'
import type { Executor } from '../../executors/executor.ts'
import type { OrderExecutorConfig } from '../../executors/executor-config.ts'
import type { Side } from '../../executors/side.ts'
import { nearest, times } from '../../numbers/exact.ts'
import { type Action, type Controller, type Decide, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, PROMPT, UPDATABLE, UPDATABLE_PROMPT } from '../fields.ts'
import { bool, decimal, float, integer, listOf, text } from '../fields-kinds.ts'
import { newlyEnded } from '../market-making/level-ends.ts'
import { factorOf, type Level, levelsOf, placesOf } from '../market-making/levels.ts'
import { ownMarket } from '../own-market.ts'
import { NO_SKEW, type Skew, walletSkew } from './wallet-skew.ts'

const schema = controllerConfig('pmm_v1', GENERIC, {
  total_amount_quote: field(decimal, '0'),
  connector_name: field(text, 'binance', PROMPT),
  trading_pair: field(text, 'BTC-USDT', PROMPT),
  order_amount: field(decimal, '1', UPDATABLE_PROMPT),
  buy_spreads: field(listOf(float), '0.01', UPDATABLE_PROMPT),
  sell_spreads: field(listOf(float), '0.01', UPDATABLE_PROMPT),
  order_refresh_time: field(integer, 30, UPDATABLE_PROMPT),
  order_refresh_tolerance_pct: field(decimal, '-1', UPDATABLE),
  filled_order_delay: field(integer, 60, UPDATABLE),
  inventory_skew_enabled: field(bool, false, UPDATABLE_PROMPT),
  target_base_pct: field(decimal, '0.5', UPDATABLE_PROMPT),
  inventory_range_multiplier: field(decimal, '1.0', UPDATABLE),
  price_ceiling: field(decimal, '-1', UPDATABLE),
  price_floor: field(decimal, '-1', UPDATABLE),
})
export type PmmV1Config = z.output<typeof schema>

const priceOf = ({ config, averagePrice }: Executor): number =>
  config.type === 'order_executor' && config.price !== null ? nearest(config.price) : averagePrice

/** Whether orders lie where they would be placed now: as many of them, each within the tolerance of its counterpart. */
const areWithin = (tolerance: number, placed: readonly number[], proposed: readonly number[]): boolean => {
  if (placed.length !== proposed.length) return false
  const [now, then] = [proposed.toSorted((a, b) => a - b), placed.toSorted((a, b) => a - b)]
  return then.every((price, at) => Math.abs((now[at] as number) - price) / price <= tolerance)
}

const start = (config: PmmV1Config): Decide => {
  const ladder = { ...config, buy_amounts_pct: null, sell_amounts_pct: null }
  const levels = levelsOf(ladder, 0)
  const places = placesOf(levels)
  const factors = levels.map(({ side, spread }) => factorOf(side, spread))
  const taken = new Uint8Array(levels.length)
  const pausedUntil = new Float64Array(levels.length).fill(Number.NEGATIVE_INFINITY)
  const { connector_name, trading_pair, order_refresh_tolerance_pct: tolerance } = config
  const [base = '', quote = ''] = trading_pair.split('-')

  // Only an order that was filled itself makes its level wait, not one that was merely placed anew after an older fill.
  const noticeFills = newlyEnded(({ closeType, closeTimestamp, levelId }) => {
    const at = closeType === 'POSITION_HOLD' ? places.get(levelId) : undefined
    if (at === undefined) return
    pausedUntil[at] = Math.max(pausedUntil[at] as number, (closeTimestamp ?? 0) + config.filled_order_delay)
  })

  const isWithinBand = (side: Side, price: number): boolean =>
    side === 'BUY'
      ? config.price_ceiling <= 0 || price < config.price_ceiling
      : config.price_floor <= 0 || price > config.price_floor

  const skewAt = (world: World, price: number): Skew => {
    if (!config.inventory_skew_enabled) return NO_SKEW
    const wallet = { base: world.balance(connector_name, base), quote: world.balance(connector_name, quote) }
    const range = config.order_amount * levels.length * config.inventory_range_multiplier
    return walletSkew(wallet, price, config.target_base_pct, range)
  }

  const levelPrice = (world: World, at: number, price: number): number =>
    world.quantizePrice(config, times(price, factors[at] ?? 0))

  const orderAt = (world: World, at: number, price: number, skew: Skew): OrderExecutorConfig | undefined => {
    const { side, id } = levels[at] as Level
    const amount = world.quantizeAmount(
      config,
      nearest(times(config.order_amount, side === 'BUY' ? skew.bid : skew.ask)),
    )
    if (!(amount > 0)) return undefined
    return {
      type: 'order_executor',
      connector_name,
      trading_pair,
      side,
      amount,
      position_action: 'OPEN',
      price: levelPrice(world, at, price),
      chaser_config: null,
      execution_strategy: 'LIMIT',
      leverage: 1,
      level_id: id,
    }
  }

  const areInPlace = (world: World, due: readonly Executor[], price: number): boolean => {
    if (tolerance < 0 || !(price > 0)) return false
    const isSideInPlace = (side: Side): boolean =>
      areWithin(
        tolerance,
        due.filter((executor) => executor.side === side).map(priceOf),
        levels.flatMap((level, at) =>
          level.side === side && isWithinBand(side, price) ? [levelPrice(world, at, price)] : [],
        ),
      )
    return isSideInPlace('BUY') && isSideInPlace('SELL')
  }

  return (world) => {
    const { now, active } = world
    const price = world.mid(config)
    noticeFills(world.finished)
    taken.fill(0)
    let due: Executor[] | undefined
    for (const executor of active) {
      const at = places.get(executor.levelId)
      if (at !== undefined) taken[at] = 1
      if (!executor.isActive || executor.isTrading || now - executor.timestamp <= config.order_refresh_time) continue
      due ??= []
      due.push(executor)
    }

    let actions: Action[] | undefined
    if (price > 0) {
      let skew: Skew | undefined
      for (let at = 0; at < levels.length; at++) {
        if (taken[at] === 1 || now < (pausedUntil[at] as number)) continue
        if (!isWithinBand((levels[at] as Level).side, price)) continue
        skew ??= skewAt(world, price)
        const executor = orderAt(world, at, price, skew)
        if (executor === undefined) continue
        actions ??= []
        actions.push({ type: 'create', executor })
      }
    }
    if (due !== undefined && !areInPlace(world, due, price)) {
      actions ??= []
      for (const executor of due) actions.push({ type: 'stop', executor, keepPosition: true })
    }
    return actions ?? NO_ACTIONS
  }
}

/**
 * Plain limit orders of one size around the middle of the book, placed anew every while; what is filled is kept. A level
 * rests after a fill. Buys end at the ceiling, sells at the floor, and both may lean against what the wallet has too much of.
 */
export const pmmV1: Controller<PmmV1Config> = {
  name: 'pmm_v1',
  type: 'generic',
  schema,
  markets: ownMarket,
  start,
}
