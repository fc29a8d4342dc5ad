import type { Controller, ControllerType } from './controller.ts'

/** The standard controllers. A user's own is found by whoever loads it. */
export const CONTROLLERS: readonly Controller[] = []

/** The standard controller of a type and a name; undefined when there is none. */
export const findController = (type: ControllerType, name: string): Controller | undefined =>
  CONTROLLERS.find((controller) => controller.type === type && controller.name === name)

import { z } from 'zod'
import { NO_ACTIONS } from './controller.ts'
import { controllerConfig, field, GENERIC } from './fields.ts'
import { DIRECTIONAL } from './fields-bases.ts'
import { integer } from './fields-kinds.ts'
