import type { Candle } from '@colibri/exchange'
import { candleReply } from '../candles/candle-reply.ts'
import type { OpenCandles } from '../candles/live-candles.ts'
import type { Source } from './source.ts'

/**
 * Candles of a pair, for all who want the same number of rows: the rows whenever a candle has opened, the live one in
 * between. Rows are known by their open time, so a sequence is the time of an update: it means the same on every replica,
 * and who resumes from it gets the candle that was live then and all since.
 */
export const candlesSource = (candles: OpenCandles, readyMs: number): Source<null> => {
  let sequence = 0
  let live: { readonly text: string; readonly openTime: number } | undefined
  let all: string | undefined
  const stop = candles.onUpdate(({ time }) => {
    sequence = Math.max(sequence, time)
    live = undefined
    all = undefined
  })

  const liveRow = () => {
    const row = live === undefined ? candles.rows().at(-1) : undefined
    if (row !== undefined) live = { text: rowText(row), openTime: row.time }
    return live
  }
  const allRows = (): string => {
    all ??= rowsText(candles.rows())
    return all
  }
  /** The rows that may differ from what was known at a time; undefined when some of them are older than all there is. */
  const changedSince = (time: number): readonly Candle[] | undefined => {
    const rows = candles.rows()
    const from = rows.findLastIndex((row) => row.time <= time)
    return from < 0 || time > Date.now() ? undefined : rows.slice(from)
  }

  return {
    ready: async () => {
      await candles.ready(readyMs)
      sequence = Math.max(sequence, Date.now())
    },
    caughtUp: () => Promise.resolve(),
    cursor: (_wish, resumeFrom) => {
      let missed = resumeFrom === undefined ? undefined : changedSince(resumeFrom)
      const resumed = resumeFrom === undefined ? undefined : missed !== undefined
      let openTime: number | undefined
      return {
        resumed,
        take: () => {
          const row = liveRow()
          if (row === undefined) return undefined
          const opened = row.openTime !== openTime
          openTime = row.openTime
          const data = missed !== undefined ? rowsText(missed) : opened ? allRows() : row.text
          missed = undefined
          return { push: { type: opened ? 'candles' : 'candle_update', data, sequence, dropped: 0 }, hole: false }
        },
      }
    },
    ended: Promise.resolve(undefined),
    close: () => {
      stop()
      candles.close()
    },
  }
}

const rowText = (candle: Candle): string => JSON.stringify(candleReply(candle))
const rowsText = (rows: readonly Candle[]): string => `[${rows.map(rowText).join(',')}]`
