import type { z } from 'zod'
import { type Action, type Controller, NO_ACTIONS } from '../controller.ts'
import { controllerConfig, field, GENERIC, UPDATABLE } from '../fields.ts'
import { exactDecimal, side } from '../fields-kinds.ts'
import { ownMarket } from '../own-market.ts'
import { gridExecutor, marketFields, orderFields, within } from './grid-strike-fields.ts'

const schema = controllerConfig('grid_strike', GENERIC, {
  ...marketFields('okx'),
  side: field(side, 'TradeType.BUY'),
  start_price: field(exactDecimal, '0.38', UPDATABLE),
  end_price: field(exactDecimal, '0.75', UPDATABLE),
  limit_price: field(exactDecimal, '0.35', UPDATABLE),
  ...orderFields,
})

export type GridStrikeConfig = z.output<typeof schema>

/** One grid between two prices, put up again whenever it is gone and the price is between them. */
export const gridStrike: Controller<GridStrikeConfig> = {
  name: 'grid_strike',
  type: 'generic',
  schema,
  markets: ownMarket,
  start(config) {
    const isInside = within(config)
    const create: readonly Action[] = [
      { type: 'create', executor: gridExecutor(config, { ...config, level_id: null }) },
    ]
    return (world) => (world.active.length === 0 && isInside(world.mid(config)) ? create : NO_ACTIONS)
  },
}
