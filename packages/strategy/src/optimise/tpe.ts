import type { Parameters } from './field-path.ts'
import type { Generator } from './generator.ts'
import { parzen } from './parzen.ts'
import { type Point, parametersAt, pointOf, type Space } from './space.ts'

/** Points looked at for one that is tried. */
const CANDIDATES = 24
const MOST_GOOD = 25

/** How many of the trials count as good: a tenth, at the most 25. */
const goodOnes = (trials: number): number => Math.min(Math.ceil(trials / 10), MOST_GOOD)

/**
 * Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization" (2011): one density of the good
 * trials, one of the others; of points drawn from the first, the one that is likeliest good is tried next. `ranked`: what
 * was tried, the best first; only the order counts, so that any objective is taken as it is. `running`: what is being
 * tried meanwhile counts with the others, so that not all go to the same place.
 */
export const treeParzen = (
  space: Space,
  ranked: readonly Parameters[],
  running: readonly Parameters[],
): ((generator: Generator) => Parameters) => {
  const points = [...ranked, ...running].map((parameters) => pointOf(space, parameters))
  const split = goodOnes(ranked.length)
  const good = parzen(space, points.slice(0, split))
  const others = parzen(space, points.slice(split))
  /** The densities are compared at the value that would be tried, not beside it. */
  const snapped = (point: Point): Point => pointOf(space, parametersAt(space, point))

  return (generator) => {
    let best: Point = []
    let bestGain = -Infinity
    for (let candidate = 0; candidate < CANDIDATES; candidate += 1) {
      const point = snapped(good.draw(generator))
      const gain = good.logDensity(point) - others.logDensity(point)
      if (gain > bestGain || best.length === 0) [best, bestGain] = [point, gain]
    }
    return parametersAt(space, best)
  }
}
