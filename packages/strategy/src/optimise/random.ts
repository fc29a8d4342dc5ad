import type { Generator } from './generator.ts'
import type { Dimension, Point, Space } from './space.ts'

const randomPlace = (dimension: Dimension, generator: Generator): number => {
  switch (dimension.kind) {
    case 'choice':
      return generator.below(dimension.values.length)
    case 'steps':
      return dimension.places[generator.below(dimension.places.length)] ?? 0
    case 'range':
      return generator.uniform()
  }
}

/** A point drawn evenly: every value of a list or step alike, a range over its scale. */
export const randomPoint = (space: Space, generator: Generator): Point =>
  space.map((dimension) => randomPlace(dimension, generator))
