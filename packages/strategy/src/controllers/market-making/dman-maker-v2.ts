import type { z } from 'zod'
import { nearest, times } from '../../numbers/exact.ts'
import type { Controller } from '../controller.ts'
import { controllerConfig, field, PROMPT, UPDATABLE } from '../fields.ts'
import { MARKET_MAKING } from '../fields-bases.ts'
import { decimal, exactDecimal, float, listOf, optional } from '../fields-kinds.ts'
import { ownMarket } from '../own-market.ts'
import { sharesOf, weightsOf, wrongWeights } from '../weights.ts'
import { factorOf } from './levels.ts'
import { marketMaking, type Quoting } from './market-making.ts'

const schema = controllerConfig(
  'dman_maker_v2',
  MARKET_MAKING,
  {
    dca_spreads: field(listOf(exactDecimal), '0.01,0.02,0.04,0.08', PROMPT),
    dca_amounts: field(listOf(decimal), '0.1,0.2,0.4,0.8', PROMPT),
    top_executor_refresh_time: field(optional(float), null, UPDATABLE),
    executor_activation_bounds: field(optional(listOf(decimal)), null, UPDATABLE),
  },
  (config) => wrongWeights(['dca_amounts', config.dca_amounts], ['dca_spreads', config.dca_spreads]),
)
export type DmanMakerV2Config = z.output<typeof schema>

/** At each level an entry in steps: further and further away from it, for a share of its amount each. */
const stepsAtLevels = (config: DmanMakerV2Config): Quoting['executor'] => {
  const shares = sharesOf(weightsOf(config.dca_spreads, config.dca_amounts))
  const factors = {
    BUY: config.dca_spreads.map((spread) => factorOf('BUY', spread)),
    SELL: config.dca_spreads.map((spread) => factorOf('SELL', spread)),
  }
  return (level, price, amount) => {
    const prices = factors[level.side].map((factor) => times(price, factor))
    return {
      type: 'dca_executor',
      connector_name: config.connector_name,
      trading_pair: config.trading_pair,
      side: level.side,
      leverage: config.leverage,
      amounts_quote: prices.map((step, at) => nearest(times(times(amount, shares[at] ?? 0), step))),
      prices,
      take_profit: config.take_profit,
      stop_loss: config.stop_loss,
      trailing_stop: config.trailing_stop,
      time_limit: config.time_limit,
      mode: 'MAKER',
      activation_bounds: config.executor_activation_bounds,
      level_id: level.id,
    }
  }
}

/** As pmm_simple, with an entry in steps (DCA) at each level; the ones closest to the price may be refreshed sooner. */
export const dmanMakerV2: Controller<DmanMakerV2Config> = {
  name: 'dman_maker_v2',
  type: 'market_making',
  schema,
  markets: ownMarket,
  start: (config) => {
    const executor = stepsAtLevels(config)
    const soonest = config.top_executor_refresh_time
    if (soonest === null) return marketMaking(config, { executor })
    return marketMaking(config, { executor, isOld: (level, age) => level.place === 0 && age > soonest })
  },
}
