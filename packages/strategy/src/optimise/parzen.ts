import type { Generator } from './generator.ts'
import type { Point, Space } from './space.ts'

/** A density over a space, estimated from points: one kernel each, and a wide one that leaves no place without chance. */
export interface Density {
  draw(generator: Generator): Point
  /** Natural logarithm. */
  logDensity(point: Point): number
}

interface Bell {
  readonly mean: number
  readonly deviation: number
  /** Logarithm of what makes its area over [0, 1] one. */
  readonly logScale: number
}

/** Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 1.5e-7. */
const erf = (x: number): number => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  return Math.sign(x) * (1 - series * Math.exp(-x * x))
}
const normalBelow = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2

const bell = (mean: number, deviation: number): Bell => {
  const area = normalBelow((1 - mean) / deviation) - normalBelow(-mean / deviation)
  return { mean, deviation, logScale: -Math.log(area * deviation * Math.sqrt(2 * Math.PI)) }
}

const logBell = ({ mean, deviation, logScale }: Bell, place: number): number =>
  logScale - ((place - mean) / deviation) ** 2 / 2

const drawBell = ({ mean, deviation }: Bell, generator: Generator): number => {
  for (;;) {
    const place = mean + deviation * generator.normal()
    if (place >= 0 && place <= 1) return place
  }
}

/** Deviation of a kernel of a single point, as a part of the range. */
const WIDEST = 0.2

const logSum = (terms: Float64Array): number => {
  let most = -Infinity
  for (const term of terms) if (term > most) most = term
  let sum = 0
  for (const term of terms) sum += Math.exp(term - most)
  return most + Math.log(sum)
}

/**
 * The density of the points. Kernels are products over the fields, so that what only goes together stays together. Numbers
 * have bells cut off at the ends of the range, as wide as Scott's rule has them, but never so narrow that the search stands
 * still; choices have most of their weight on the point's own value. See Watanabe, "Tree-structured Parzen estimator:
 * understanding its algorithm components and their roles for better empirical performance" (2023), section 3.
 */
export const parzen = (space: Space, points: readonly Point[]): Density => {
  const kernels = points.length + 1
  const numeric = space.filter(({ kind }) => kind !== 'choice').length
  const deviation = Math.max(WIDEST * points.length ** (-1 / (numeric + 4)), 1 / Math.min(100, kernels + 1))
  const bells = points.map((point) =>
    space.map((dimension, index) => (dimension.kind === 'choice' ? undefined : bell(point[index] ?? 0, deviation))),
  )
  const wide = bell(0.5, 1)
  /** Of a choice's weight, what its own value has more than the others. */
  const own = points.length / (points.length + 1)

  const logKernel = (kernel: number, point: Point): number => {
    let sum = 0
    for (let index = 0; index < space.length; index += 1) {
      const dimension = space[index]
      const place = point[index] ?? 0
      if (dimension?.kind === 'choice') {
        const even = 1 / dimension.values.length
        const weight =
          kernel === points.length ? even : (1 - own) * even + (points[kernel]?.[index] === place ? own : 0)
        sum += Math.log(weight)
      } else sum += logBell(bells[kernel]?.[index] ?? wide, place)
    }
    return sum
  }

  const terms = new Float64Array(kernels)
  return {
    draw(generator) {
      const kernel = generator.below(kernels)
      return space.map((dimension, index) => {
        if (dimension.kind !== 'choice') return drawBell(bells[kernel]?.[index] ?? wide, generator)
        const isOwn = kernel < points.length && generator.uniform() < own
        return isOwn ? (points[kernel]?.[index] ?? 0) : generator.below(dimension.values.length)
      })
    },
    logDensity(point) {
      for (let kernel = 0; kernel < kernels; kernel += 1) terms[kernel] = logKernel(kernel, point)
      return logSum(terms) - Math.log(kernels)
    },
  }
}
