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

/** `tell` is called at each step that begins, but some times a second at most. What it is called from may take any time. */
export const followSteps = (tell: () => void): Steps => {
  let [row, time] = [0, 0]
  let told = Number.NEGATIVE_INFINITY
  const begins = (): void => {
    const at = now()
    if (at - told < TELL_EVERY_MS) return
    told = at
    tell()
  }
  return {
    at: () => (row === 0 ? { kind: 'before' } : { kind: 'row', row, time }),
    followed: (controller) => ({
      ...controller,
      start: (config) => {
        begins()
        const decide = controller.start(config)
        return (world) => {
          row += 1
          time = world.now
          begins()
          return decide(world)
        }
      },
    }),
  }
}
