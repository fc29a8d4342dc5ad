import type { PublicTrade } from '@colibri/exchange'
import { FeedNotReady, type OpenFeed } from '../feeds/feed.ts'
import { caughtUp } from './caught-up.ts'
import type { Source, SourceLimits } from './source.ts'
import { createTradeTape } from './trade-tape.ts'

/** The longest interval between two pushes, and time enough to close on a client that does not read. */
const KEPT_MS = 120_000
const KEPT_TRADES = 20_000

export interface TradesOptions {
  readonly limits: SourceLimits
  /** Rejects when the venue is known not to have the pair: a quiet pair may not trade for hours, and is not waited for. */
  readonly check: () => Promise<void>
}

/** Every trade, in batches. Who falls behind what is kept is told how many it missed. */
export const tradesSource = (
  feed: OpenFeed<readonly PublicTrade[]>,
  { check, limits: { readyMs, catchUpMs } }: TradesOptions,
): Source<null> => {
  const tape = createTradeTape({ keptTrades: KEPT_TRADES, keptMs: KEPT_MS, now: () => performance.now() })
  let last = feed.latest()?.sequence
  const stop = feed.onUpdate(({ sequence, value }) => {
    if (last !== undefined && feed.since(last) === undefined) tape.tear()
    last = sequence
    tape.append(sequence, value.map(tradeText))
  })

  return {
    ready: check,
    caughtUp: (resumeFrom) => caughtUp(feed, resumeFrom, catchUpMs),
    cursor: (_wish, resumeFrom) => {
      const missed = resumeFrom === undefined ? undefined : feed.since(resumeFrom)
      const resumed = resumeFrom === undefined ? undefined : missed !== undefined
      let backlog = (missed ?? []).flatMap(({ value }) => value.map(tradeText))
      // Who knows more than is known here goes on from there: what it has heard it does not hear again.
      let sequence = Math.max(feed.latest()?.sequence ?? 0, resumeFrom ?? 0)
      let next = tape.end()
      // Who asked for what is gone is told so, although there is no trade to tell of.
      let said = resumed !== false
      return {
        resumed,
        take: () => {
          const read = tape.end() > next ? tape.from(next) : undefined
          if (read === undefined && backlog.length === 0 && said) return undefined
          const trades = [...backlog, ...(read?.trades ?? [])]
          if (read !== undefined) sequence = read.sequence
          next = tape.end()
          backlog = []
          said = true
          const push = { type: 'trades', data: `[${trades.join(',')}]`, sequence, dropped: read?.dropped ?? 0 }
          return { push, hole: read?.torn ?? false }
        },
      }
    },
    ended: feed.ready(readyMs).then(
      () => undefined,
      (error: Error) => (error instanceof FeedNotReady ? undefined : error),
    ),
    close: () => {
      stop()
      feed.close()
    },
  }
}

const tradeText = ({ time, price, amount, side }: PublicTrade): string =>
  JSON.stringify({ timestamp: time / 1_000, price: Number(price), amount: Number(amount), side })
