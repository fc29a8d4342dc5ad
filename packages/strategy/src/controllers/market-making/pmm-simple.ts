import type { z } from 'zod'
import type { Controller } from '../controller.ts'
import { controllerConfig } from '../fields.ts'
import { MARKET_MAKING } from '../fields-bases.ts'
import { ownMarket } from '../own-market.ts'
import { marketMaking, positionsAtLevels } from './market-making.ts'

const schema = controllerConfig('pmm_simple', MARKET_MAKING, {})
export type PmmSimpleConfig = z.output<typeof schema>

/** Limit orders at fixed distances on both sides of the middle of the book, each a position with its own barriers. */
export const pmmSimple: Controller<PmmSimpleConfig> = {
  name: 'pmm_simple',
  type: 'market_making',
  schema,
  markets: ownMarket,
  start: (config) => marketMaking(config, { executor: positionsAtLevels(config) }),
}
