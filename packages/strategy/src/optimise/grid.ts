import type { Parameters } from './field-path.ts'
import { SearchRefused } from './refused.ts'
import { combinations, type Space } from './space.ts'

/** Checked before a grid is made; throws `SearchRefused`, which says how many trials it would be. */
export const checkGrid = (space: Space, most: number): void => {
  const flaws = space
    .filter(({ kind }) => kind === 'range')
    .map(({ field }) => ({ path: [field], says: 'a grid needs the step or the count of a range' }))
  if (flaws.length > 0) throw new SearchRefused(flaws)
  const count = combinations(space)
  if (count > most)
    throw new SearchRefused([{ path: [], says: `makes ${count} combinations; a grid has ${most} at the most` }])
}

/** The combination of a number: the first field moves slowest, as in nested loops. */
export const gridTrial = (space: Space, number: number): Parameters => {
  let rest = number
  const entries = space.toReversed().map((dimension) => {
    if (dimension.kind === 'range') throw new TypeError(`${dimension.field} has no steps`)
    const count = dimension.values.length
    const value = dimension.values[rest % count] ?? null
    rest = Math.floor(rest / count)
    return [dimension.field, value] as const
  })
  return Object.fromEntries(entries.toReversed())
}
