import type { Controller, ControllerType } from './controller.ts'
import { bollingerV1 } from './directional/bollinger-v1.ts'
import { bollingerV2 } from './directional/bollinger-v2.ts'
import { bollingrid } from './directional/bollingrid.ts'
import { dmanV3 } from './directional/dman-v3.ts'
import { macdBBV1 } from './directional/macd-bb-v1.ts'
import { superTrendV1 } from './directional/supertrend-v1.ts'
import { smaCross } from './examples/sma-cross.ts'
import { arbitrageController } from './generic/arbitrage-controller.ts'
import { gridStrike } from './generic/grid-strike.ts'
import { hedgeAsset } from './generic/hedge-asset.ts'
import { multiGridStrike } from './generic/multi-grid-strike.ts'
import { pmm } from './generic/pmm.ts'
import { pmmAdjusted } from './generic/pmm-adjusted.ts'
import { pmmMister } from './generic/pmm-mister.ts'
import { pmmV1 } from './generic/pmm-v1.ts'
import { quantumGridAllocator } from './generic/quantum-grid-allocator.ts'
import { statArb } from './generic/stat-arb.ts'
import { xemmMultipleLevels } from './generic/xemm-multiple-levels.ts'
import { dmanMakerV2 } from './market-making/dman-maker-v2.ts'
import { pmmDynamic } from './market-making/pmm-dynamic.ts'
import { pmmSimple } from './market-making/pmm-simple.ts'

/** The standard controllers. A user's own is found by whoever loads it. */
export const CONTROLLERS: readonly Controller[] = [
  arbitrageController,
  gridStrike,
  hedgeAsset,
  multiGridStrike,
  quantumGridAllocator,
  statArb,
  xemmMultipleLevels,
  bollingerV1,
  bollingerV2,
  bollingrid,
  dmanV3,
  macdBBV1,
  superTrendV1,
  smaCross,
  dmanMakerV2,
  pmmDynamic,
  pmmSimple,
  pmm,
  pmmAdjusted,
  pmmMister,
  pmmV1,
]

/** The standard controller of a type and a name; undefined when there is none. */
export const findController = (type: ControllerType, name: string): Controller | undefined =>
  CONTROLLERS.find((controller) => controller.type === type && controller.name === name)
