import type { Controller, ControllerType } from './controller.ts'
import { dmanMakerV2 } from './market-making/dman-maker-v2.ts'
import { pmmDynamic } from './market-making/pmm-dynamic.ts'
import { pmmSimple } from './market-making/pmm-simple.ts'

/** The standard controllers. A user's own is found by whoever loads it. */
export const CONTROLLERS: readonly Controller[] = [dmanMakerV2, pmmDynamic, pmmSimple]

/** The standard controller of a type and a name; undefined when there is none. */
export const findController = (type: ControllerType, name: string): Controller | undefined =>
  CONTROLLERS.find((controller) => controller.type === type && controller.name === name)
