import type { Level, NaiveBook, Side } from '@colibri/testkit'
import type { BookView, Interruption, LiveVenue } from '../venue.ts'

/** A book as it was after one frame. */
export type State = Readonly<Record<Side, readonly Level[]>>

export const stateOf = (book: NaiveBook): State => ({ bids: book.levels('bids'), asks: book.levels('asks') })

const sides: readonly Side[] = ['bids', 'asks']

/**
 * Whether the view is the state, as far as the view goes: it may end before the state does where a snapshot was cut off,
 * but then not before `fewest` levels. Of both at most `depth` levels are compared.
 */
export const isState = (view: BookView, state: State, depth: number, fewest: number): boolean =>
  sides.every((side) => {
    const served = view.side(side, depth)
    const true_ = state[side]
    if (served.length < Math.min(true_.length, fewest, depth)) return false
    return served.every(({ price, amount }, index) => true_[index]?.[0] === price && true_[index]?.[1] === amount)
  })

export interface ServedBook {
  /** The view a reader holds now; undefined from an interruption to the next data. */
  readonly view: BookView | undefined
  readonly interruptions: readonly Interruption[]
  readonly errors: readonly unknown[]
  /** Items of data that came. */
  readonly count: number
  readonly ended: Promise<void>
}

/** Reads a book as a consumer would, and calls `onData` with each view it is given, at once. */
export const readBook = (
  venue: LiveVenue,
  tradingPair: string,
  signal: AbortSignal,
  onData: (view: BookView) => void,
): ServedBook => {
  let view: BookView | undefined
  let count = 0
  const interruptions: Interruption[] = []
  const errors: unknown[] = []
  const run = async (): Promise<void> => {
    for await (const item of venue.book(tradingPair, signal)) {
      if (item.kind === 'data') {
        view = item.value
        count += 1
        onData(view)
      } else {
        view = undefined
        interruptions.push(item.reason)
        errors.push(item.error)
      }
    }
  }
  return {
    get view() {
      return view
    },
    get count() {
      return count
    },
    interruptions,
    errors,
    ended: run(),
  }
}
