import type { Controller, ControllerType } from './controller.ts'

/** The standard controllers. A user's own is found by whoever loads it. */
export const CONTROLLERS: readonly Controller[] = []

/** The standard controller of a type and a name; undefined when there is none. */
export const findController = (type: ControllerType, name: string): Controller | undefined =>
  CONTROLLERS.find((controller) => controller.type === type && controller.name === name)
