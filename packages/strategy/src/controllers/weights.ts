import { type Exact, over, plus } from '../numbers/exact.ts'
import type { Wrong } from './fields.ts'

/** What each of some orders weighs; none given: all the same. */
export const weightsOf = (orders: readonly unknown[], given: readonly number[] | null): readonly number[] =>
  given === null || given.length === 0 ? orders.map(() => 1) : given

/** The share of the whole that each weight is. */
export const sharesOf = (weights: readonly number[]): readonly Exact[] => {
  const all = weights.reduce<Exact>(plus, { hi: 0, lo: 0 })
  return weights.map((weight) => over(weight, all))
}

/** Weights are given for each order or for none; `field` and `of` are the names of both lists. */
export const wrongWeights = (
  [field, given]: readonly [string, readonly number[] | null],
  [of, orders]: readonly [string, readonly unknown[]],
): readonly Wrong[] =>
  given === null || given.length === 0 || given.length === orders.length
    ? []
    : [{ field, why: `the number of ${field} must be the number of ${of}: ${given.length} is not ${orders.length}` }]
