import type { z } from 'zod'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import { exactOf, nearest, times } from '../../numbers/exact.ts'
import { type Action, type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, UPDATABLE, type Wrong } from '../fields.ts'
import { bool, decimal, exactDecimal, listOf, side, text } from '../fields-kinds.ts'
import { model } from '../fields-models.ts'
import { ownMarket } from '../own-market.ts'
import { gridExecutor, marketFields, orderFields, within } from './grid-strike-fields.ts'

const grid = model('controllers.generic.multi_grid_strike.GridConfig', {
  grid_id: { kind: text },
  start_price: { kind: exactDecimal },
  end_price: { kind: exactDecimal },
  limit_price: { kind: exactDecimal },
  side: { kind: side },
  /** A part of the whole amount: 0 to 1. */
  amount_quote_pct: { kind: decimal },
  enabled: { kind: bool, otherwise: true },
})

const schema = controllerConfig(
  'multi_grid_strike',
  GENERIC,
  {
    ...marketFields('binance_perpetual'),
    grids: field(listOf(grid), [], { ...UPDATABLE, hidden: true }),
    ...orderFields,
  },
  ({ grids }): readonly Wrong[] => {
    const ids = grids.map(({ grid_id }) => grid_id)
    const twice = ids.find((id, place) => ids.indexOf(id) !== place)
    return twice === undefined ? [] : [{ field: 'grids', why: `two grids have the grid_id '${twice}'` }]
  },
)

export type MultiGridStrikeConfig = z.output<typeof schema>

interface Planned {
  readonly executor: GridExecutorConfig
  readonly isInside: (price: number) => boolean
}

const plannedGrids = (config: MultiGridStrikeConfig): readonly Planned[] =>
  config.grids
    .filter(({ enabled }) => enabled)
    .map((one) => ({
      executor: gridExecutor(config, {
        start_price: one.start_price,
        end_price: one.end_price,
        limit_price: one.limit_price,
        side: one.side,
        total_amount_quote: nearest(times(exactOf(config.total_amount_quote), exactOf(one.amount_quote_pct))),
        level_id: one.grid_id,
      }),
      isInside: within(one),
    }))

/**
 * Several grids on one market, each put up while the price is in it. A grid of which the configuration no longer speaks
 * is taken down. The original puts a grid that has ended up again only once it has forgotten the old one, which in a
 * backtest it never does.
 */
export const multiGridStrike: Controller<MultiGridStrikeConfig> = {
  name: 'multi_grid_strike',
  type: 'generic',
  schema,
  markets: ownMarket,
  start(config) {
    const planned = plannedGrids(config)
    const ids = new Set(planned.map(({ executor }) => executor.level_id))
    const ended = new Set<string>()
    let known = 0

    const isRunning = ({ active }: World, id: string | null): boolean => {
      for (const executor of active) if (executor.levelId === id) return true
      return false
    }
    const rememberEnded = ({ finished }: World): void => {
      for (; known < finished.length; known++) ended.add(finished[known]?.levelId ?? '')
    }

    return (world) => {
      const price = world.mid(config)
      if (world.mode === 'hummingbot') rememberEnded(world)
      let actions: Action[] | undefined
      for (const executor of world.active) {
        if (ids.has(executor.levelId) || executor.status === 'SHUTTING_DOWN') continue
        actions ??= []
        actions.push({ type: 'stop', executor, keepPosition: false })
      }
      for (const { executor, isInside } of planned) {
        if (!isInside(price) || isRunning(world, executor.level_id) || ended.has(executor.level_id ?? '')) continue
        actions ??= []
        actions.push({ type: 'create', executor })
      }
      return actions ?? NO_ACTIONS
    }
  },
}
