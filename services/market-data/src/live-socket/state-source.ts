import type { FeedUpdate, OpenFeed } from '../feeds/feed.ts'
import { caughtUp } from './caught-up.ts'
import type { Source, SourceLimits } from './source.ts'

export interface StateKind<T, Wish> {
  readonly type: string
  /** JSON text of the value, as this wish wants it. */
  render(value: T, wish: Wish): string
}

/** A feed whose newest value replaces all before it: whoever comes late misses nothing but what is over. */
export const stateSource = <T, Wish>(
  feed: OpenFeed<T>,
  { type, render }: StateKind<T, Wish>,
  { readyMs, catchUpMs }: SourceLimits,
): Source<Wish> => {
  const rendered = new Map<Wish, string>()
  let renderedSequence = Number.NaN

  const dataOf = ({ sequence, value }: FeedUpdate<T>, wish: Wish): string => {
    if (sequence !== renderedSequence) {
      rendered.clear()
      renderedSequence = sequence
    }
    const known = rendered.get(wish)
    if (known !== undefined) return known
    const data = render(value, wish)
    rendered.set(wish, data)
    return data
  }

  return {
    ready: async () => {
      await feed.ready(readyMs)
    },
    caughtUp: (resumeFrom) => caughtUp(feed, resumeFrom, catchUpMs),
    cursor: (wish, resumeFrom) => {
      const resumed = resumeFrom === undefined ? undefined : feed.since(resumeFrom) !== undefined
      let told = resumed === true ? resumeFrom : undefined
      return {
        resumed,
        take: () => {
          const update = feed.latest()
          // What was true before an interruption may be wrong by now.
          if (update === undefined || update.sequence === told || feed.state() === 'stale') return undefined
          told = update.sequence
          return { push: { type, data: dataOf(update, wish), sequence: update.sequence, dropped: 0 }, hole: false }
        },
      }
    },
    ended: Promise.resolve(undefined),
    close: () => feed.close(),
  }
}
