import type { Controller } from '@colibri/strategy'
import type { Step } from './words.ts'

/** Follows a controller through its backtest, step by step. */
export interface Steps {
  /** Where it is now. */
  at(): Step
  /** The same controller, followed. */
  followed(controller: Controller): Controller
}

const TELL_EVERY_MS = 250
// A controller may change its own.
const now = performance.now.bind(performance)

/** `tell` is called when the first row begins, and then with a row some times a second at most. */
export const followSteps = (tell: (step: Step) => void): Steps => {
  let [row, time] = [0, 0]
  let told = Number.NEGATIVE_INFINITY
  const at = (): Step => (row === 0 ? { kind: 'before' } : { kind: 'row', row, time })
  return {
    at,
    followed: (controller) => ({
      ...controller,
      start: (config) => {
        const decide = controller.start(config)
        return (world) => {
          row += 1
          time = world.now
          const begun = now()
          if (begun - told >= TELL_EVERY_MS) {
            told = begun
            tell(at())
          }
          return decide(world)
        }
      },
    }),
  }
}
