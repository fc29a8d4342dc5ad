import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair, ExecutorConfig } from '../../executors/executor-config.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import { barriersOf, type ConfiguredBarriers } from '../../executors/triple-barrier.ts'
import { type Exact, nearest, over, times } from '../../numbers/exact.ts'
import { type Action, type Decide, NO_ACTIONS, type World } from '../controller.ts'
import { newlyEnded } from './level-ends.ts'
import { factorOf, type Ladder, type Level, levelsOf, placesOf } from './levels.ts'
import { rebalancing } from './rebalance.ts'

/** What every market maker is configured with. */
export interface MarketMakingConfig extends ConnectorPair, Ladder, ConfiguredBarriers {
  readonly total_amount_quote: number
  readonly executor_refresh_time: number
  readonly cooldown_time: number
  readonly leverage: number
  readonly position_rebalance_threshold_pct: number
  readonly skip_rebalance: boolean
}

/** What one market maker does in its own way. */
export interface Quoting {
  /** The price its levels lie around; NaN while there is none: it then places nothing. The middle of the book by default. */
  readonly reference?: (world: World) => number
  /** What the spreads are multiplied by; 1 by default. */
  readonly spreadMultiplier?: (world: World) => number
  /** What is placed at a level: `amount` is in base, at that price. */
  readonly executor: (level: Level, price: Exact, amount: Exact) => ExecutorConfig
  /** Whether an order at a level is to be placed anew although it is younger than the refresh time. */
  readonly isOld?: (level: Level, age: number) => boolean
}

/** A position at each level, entered at its price. */
export const positionsAtLevels = (config: MarketMakingConfig): Quoting['executor'] => {
  const triple_barrier_config = barriersOf(config, 'LIMIT')
  return ({ side, id }, price, amount) =>
    positionExecutor(config, { side, entry_price: price, amount: nearest(amount), triple_barrier_config, level_id: id })
}

/**
 * Keeps one executor at each level. A level is free when none is at work on it, one on its way out included, and none was
 * stopped out on it within the cooldown; free ones are filled in one go, the buys first. What waited longer than the refresh
 * time without being filled is stopped; its level is filled again on the next tick. On spot the inventory is balanced first.
 * A level without an amount, or below a price of nothing, stays empty; the original has an executor there that trades nothing.
 */
export const marketMaking = (config: MarketMakingConfig, quoting: Quoting): Decide => {
  const levels = levelsOf(config, config.total_amount_quote)
  const places = placesOf(levels)
  const factors = levels.map(({ side, spread }) => factorOf(side, spread))
  const taken = new Uint8Array(levels.length)
  const pausedUntil = new Float64Array(levels.length).fill(Number.NEGATIVE_INFINITY)
  const { executor_refresh_time: refreshTime, cooldown_time: cooldown } = config
  const { reference: referenceOf, spreadMultiplier, executor: executorAt, isOld } = quoting
  const rebalance = rebalancing(config, levels)

  const noticeEnds = newlyEnded(({ closeType, closeTimestamp, levelId }) => {
    const at = closeType === 'STOP_LOSS' ? places.get(levelId) : undefined
    if (at === undefined) return
    pausedUntil[at] = Math.max(pausedUntil[at] as number, (closeTimestamp ?? 0) + cooldown)
  })

  const priceAt = (at: number, { side, spread }: Level, reference: number, multiplier: number): Exact =>
    times(reference, multiplier === 1 ? (factors[at] as Exact) : factorOf(side, times(spread, multiplier)))

  const isStale = ({ levelId }: Executor, age: number): boolean => {
    if (age > refreshTime || isOld === undefined) return age > refreshTime
    const at = places.get(levelId)
    return at !== undefined && isOld(levels[at] as Level, age)
  }

  return (world) => {
    const { now, active } = world
    noticeEnds(world.finished)
    taken.fill(0)
    for (const { levelId } of active) {
      const at = places.get(levelId)
      if (at !== undefined) taken[at] = 1
    }

    let actions: Action[] | undefined
    const reference = referenceOf ? referenceOf(world) : world.mid(config)
    const multiplier = spreadMultiplier ? spreadMultiplier(world) : 1
    if (reference > 0 && !Number.isNaN(multiplier)) {
      const balancing = rebalance?.(world, reference)
      if (balancing) actions = [balancing]
      for (let at = 0; at < levels.length; at++) {
        if (taken[at] === 1 || now < (pausedUntil[at] as number)) continue
        const level = levels[at] as Level
        const price = priceAt(at, level, reference, multiplier)
        const amount = over(level.quote, price)
        if (world.mode === 'hummingbot' ? !Number.isFinite(amount.hi) : !(price.hi > 0 && amount.hi > 0)) continue
        actions ??= []
        actions.push({ type: 'create', executor: executorAt(level, price, amount) })
      }
    }

    for (const executor of active) {
      if (!executor.isActive || executor.isTrading || !isStale(executor, now - executor.timestamp)) continue
      actions ??= []
      actions.push({ type: 'stop', executor, keepPosition: false })
    }
    return actions ?? NO_ACTIONS
  }
}
