import type { FeedUpdate } from './feed.ts'

export interface KeptUpdate<T> {
  readonly update: FeedUpdate<T>
  /** Sequence of the one before, 0 when none is known. Of a state, of one before from which on nothing is missing. */
  readonly previous: number
}

/** What is kept of a feed for those who resume. */
export interface History<T> {
  readonly latest: FeedUpdate<T> | undefined
  /** Takes an update newer than all before; `previous` says which one it follows. */
  add(kept: KeptUpdate<T>): void
  kept(): readonly KeptUpdate<T>[]
  /** What whoever knows `sequence` has missed, oldest first; undefined when some of it is not kept. */
  since(sequence: number): readonly FeedUpdate<T>[] | undefined
}

/** For changes: each of the last `most` updates. */
export const historyOfChanges = <T>(most: number): History<T> => {
  let kept: KeptUpdate<T>[] = []
  return {
    get latest() {
      return kept.at(-1)?.update
    },
    add: (next) => {
      const last = kept.at(-1)?.update
      if (last !== undefined && last.sequence !== next.previous) kept = []
      kept.push(next)
      if (kept.length > most) kept.shift()
    },
    kept: () => kept,
    since: (sequence) => {
      if (kept.at(-1)?.update.sequence === sequence) return []
      const next = kept.findLastIndex(({ previous }) => previous === sequence)
      return next < 0 || sequence === 0 ? undefined : kept.slice(next).map(({ update }) => update)
    },
  }
}

/**
 * For states, of which the newest replaces all before: that one alone, with the sequence from which on none was missed.
 * Older ones would be the larger part of a replica's memory, fifty books many times a second.
 */
export const historyOfState = <T>(): History<T> => {
  let newest: KeptUpdate<T> | undefined
  return {
    get latest() {
      return newest?.update
    },
    add: ({ update, previous }) => {
      const follows = newest !== undefined && previous > 0 && previous <= newest.update.sequence
      newest = { update, previous: follows && newest !== undefined ? newest.previous : previous || update.sequence }
    },
    kept: () => (newest === undefined ? [] : [newest]),
    since: (sequence) => {
      if (newest === undefined || sequence > newest.update.sequence || sequence < newest.previous) return undefined
      return sequence === newest.update.sequence ? [] : [newest.update]
    },
  }
}
