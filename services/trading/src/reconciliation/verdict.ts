import { Exact } from '../decimal.ts'
import type { Difference } from './compare.ts'

/** A difference that was seen, and may yet be explained: by a fill that is on its way, by a price. */
export interface Pending {
  readonly difference: Difference
  /** Epoch milliseconds of the first look that saw it as it is now. */
  readonly since: number
  readonly looks: number
  /** How long it must stay the same, in milliseconds. */
  readonly waitMs: number
}

export type Pendings = ReadonlyMap<string, Pending>

export interface Verdict {
  /** Stayed the same for long enough. */
  readonly certain: readonly Difference[]
  readonly pending: Pendings
  /** Epoch milliseconds at which the next of the pending ones may be certain; undefined when nothing is pending. */
  readonly nextAt: number | undefined
}

export const keyOfDifference = ({ kind, tradingPair, subject }: Difference): string =>
  `${kind} ${tradingPair ?? ''} ${subject}`

const same = (left: Difference, right: Difference): boolean =>
  new Exact(left.difference).minus(right.difference).abs().lte(Exact.max(left.tolerance, right.tolerance))

/**
 * One look is no verdict: streams and lists of fills lag behind balances. A difference is certain when at least two looks
 * saw it, unchanged, for as long as it must wait; one that changes begins anew, one that is gone is forgotten.
 */
export const judge = (
  before: Pendings,
  differences: readonly Difference[],
  now: number,
  waitOf: (difference: Difference) => number,
): Verdict => {
  const certain: Difference[] = []
  const pending = new Map<string, Pending>()
  for (const difference of differences) {
    const key = keyOfDifference(difference)
    const known = before.get(key)
    const stays = known !== undefined && same(known.difference, difference)
    const next: Pending = {
      difference,
      since: stays ? known.since : now,
      looks: stays ? known.looks + 1 : 1,
      waitMs: waitOf(difference),
    }
    if (next.looks >= 2 && now - next.since >= next.waitMs) certain.push(difference)
    else pending.set(key, next)
  }
  const due = [...pending.values()].map(({ since, waitMs }) => since + waitMs)
  return { certain, pending, nextAt: due.length === 0 ? undefined : Math.min(...due) }
}
