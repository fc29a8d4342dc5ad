import type { ConnectorPair } from '../../executors/executor-config.ts'
import { opposite, type Side } from '../../executors/side.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { type Action, NO_ACTIONS, type World } from '../controller.ts'
import type { ShareBounds } from './base-share.ts'

/** What the order that closes a whole position carries in the place of a level. */
const GLOBAL_CLOSE = 'global_close'

/** How often a close is tried before the controller goes on without it. */
const ATTEMPTS = 3

export interface ExitConfig extends ConnectorPair, ShareBounds {
  readonly total_amount_quote: number
  readonly target_base_pct: number
  readonly leverage: number
  readonly global_take_profit: number
  readonly global_stop_loss: number
  readonly global_tp_enabled: boolean
  readonly global_sl_enabled: boolean
  /** The share of inventory from which on each of them counts. */
  readonly global_tp_activation_from: 'always' | 'min_base' | 'target_base'
  readonly global_sl_activation_from: 'target_base' | 'max_base'
  /** What the profit is a fraction of: what the position did cost, or all of the controller's money. */
  readonly global_pnl_reference: 'position' | 'portfolio'
}

const thresholdsOf = (config: ExitConfig) => ({
  always: Number.NEGATIVE_INFINITY,
  min_base: config.min_base_pct,
  target_base: config.target_base_pct,
  max_base: config.max_base_pct,
})

/** Whether a position has won or lost so much that all of it is to be closed. */
export const isExitDue = (config: ExitConfig, position: PositionSummary, share: number): boolean => {
  const from = thresholdsOf(config)
  const money =
    config.global_pnl_reference === 'portfolio' ? config.total_amount_quote : position.amount * position.breakevenPrice
  const profit = position.unrealizedPnlQuote / money
  const hasWon =
    config.global_tp_enabled && share >= from[config.global_tp_activation_from] && profit >= config.global_take_profit
  const hasLost =
    config.global_sl_enabled && share >= from[config.global_sl_activation_from] && profit <= -config.global_stop_loss
  return hasWon || hasLost
}

type Phase =
  | { readonly name: 'watching' }
  /** Executors are on their way out; what they hold joins the position. */
  | { readonly name: 'stopping'; readonly side: Side }
  | { readonly name: 'closing'; readonly side: Side; readonly attempts: number }

const WATCHING: Phase = { name: 'watching' }

/**
 * Closes a whole position: first every executor is stopped and what it holds kept, then what is open is sold or bought back
 * at the market, as the venue tells it where it can, or as executors left it behind. Undefined while nothing is to be closed.
 */
export const positionExit = (
  config: ExitConfig,
): ((world: World, held: PositionSummary | undefined, share: number) => readonly Action[] | undefined) => {
  let phase: Phase = WATCHING
  // After a close the venue may have nothing while executors still seem to: nothing new begins until they agree.
  let isCoolingDown = false
  // What an order did shows in the positions a tick after it has ended.
  let hasShown = true

  const stop = (world: World, side: Side): readonly Action[] => {
    const others = world.active.filter(({ levelId }) => levelId !== GLOBAL_CLOSE)
    if (others.length > 0)
      return others
        .filter(({ isActive }) => isActive)
        .map((executor) => ({ type: 'stop', executor, keepPosition: true }))
    phase = { name: 'closing', side, attempts: 0 }
    return []
  }

  const close = (world: World, held: PositionSummary | undefined, side: Side, attempts: number): readonly Action[] => {
    if (world.active.some(({ levelId }) => levelId === GLOBAL_CLOSE)) return NO_ACTIONS
    if (!hasShown) {
      hasShown = true
      return NO_ACTIONS
    }
    const open = world.venuePosition(config) ?? held
    phase = WATCHING
    if (open === undefined || open.amount === 0) {
      isCoolingDown = true
      return NO_ACTIONS
    }
    const amount = world.quantizeAmount(config, open.amount)
    if (open.side !== side || !(amount > 0) || attempts >= ATTEMPTS) return NO_ACTIONS
    phase = { name: 'closing', side, attempts: attempts + 1 }
    hasShown = false
    const { connector_name, trading_pair, leverage } = config
    const executor = {
      type: 'order_executor',
      connector_name,
      trading_pair,
      side: opposite(side),
      amount,
      position_action: 'CLOSE',
      price: null,
      chaser_config: null,
      execution_strategy: 'MARKET',
      leverage,
      level_id: GLOBAL_CLOSE,
    } as const
    return [{ type: 'create', executor }]
  }

  return (world, held, share) => {
    if (isCoolingDown) {
      const atVenue = world.venuePosition(config)
      isCoolingDown = held !== undefined && (atVenue === undefined || atVenue.amount === 0)
    }
    if (phase.name === 'watching') {
      if (isCoolingDown || held === undefined || !isExitDue(config, held, share)) return undefined
      // What is too small to be an order is kept: it would never be gone.
      if (!(world.quantizeAmount(config, held.amount) > 0)) return undefined
      phase = { name: 'stopping', side: held.side }
    }
    if (phase.name === 'stopping') {
      const stops = stop(world, phase.side)
      if (phase.name === 'stopping') return stops
    }
    return phase.name === 'closing' ? close(world, held, phase.side, phase.attempts) : NO_ACTIONS
  }
}
