import { randomUUID } from 'node:crypto'
import { candlesRangeReply } from '@colibri/contracts'
import { badRequest, type Call, RpcError } from '@colibri/service-kit'
import type { Series } from '../workers/job.ts'
import { bytesOf } from '../workers/messages.ts'
import { CandleColumns } from './candle-rows.ts'

export interface WantedSeries {
  readonly connector: string
  readonly pair: string
  readonly interval: string
  /** Seconds, both included. */
  readonly from: number
  readonly to: number
}

/** Candles of the past by market-data. Throws `ApiError` 400 that says which there are, or `RpcError`. */
export type AskCandles = (wanted: WantedSeries) => Promise<Series>

/** What is not stored yet is fetched from the venue first, page by page. */
const PAGE_TIMEOUT_MS = 120_000
const ROW_WIDTH = 10

/** Asks market-data, every time. */
export const marketCandles =
  (call: Call): AskCandles =>
  async ({ connector, pair, interval, from, to }) => {
    const key = { connectorName: connector, tradingPair: pair, interval }
    const rows = new CandleColumns(ROW_WIDTH)
    const end = to * 1_000 + 1
    for (let next: number | null = from * 1_000; next !== null; ) {
      const request: object = { ...key, from: next, to: end }
      const page: { readonly rows: readonly (readonly number[])[]; readonly next: number | null } = await call(
        'market-data',
        'candles',
        request,
        candlesRangeReply,
        PAGE_TIMEOUT_MS,
      ).catch((error: unknown) => {
        throw missing(error)
      })
      for (const row of page.rows) rows.push((row[0] ?? 0) / 1_000, row)
      next = page.next
    }
    return { id: randomUUID(), connector, pair, interval, candles: rows.done() }
  }

/** What market-data itself says is about the candles; a market-data that says nothing is not there. */
const missing = (error: unknown): unknown =>
  error instanceof RpcError && error.kind !== 'internal' && error.cause === undefined
    ? badRequest(error.message)
    : error

interface Kept {
  readonly from: number
  readonly to: number
  readonly series: Series
  readonly at: number
}

/**
 * Keeps what was asked last, up to so many bytes, so that the next backtest over the same time begins at once. An import may
 * change what is stored, so nothing is kept for longer than `freshMs`. Askers of the same at the same time share one
 * answer.
 */
export const keptCandles = (
  ask: AskCandles,
  options: { readonly mostBytes: number; readonly freshMs: number; readonly now: () => number },
): AskCandles => {
  const kept = new Map<string, Kept>()
  const underway = new Map<string, Promise<Series>>()

  const keep = (name: string, entry: Kept): void => {
    kept.delete(name)
    kept.set(name, entry)
    let total = [...kept.values()].reduce((sum, { series }) => sum + bytesOf(series.candles), 0)
    for (const [oldest, { series }] of kept) {
      if (total <= options.mostBytes) break
      kept.delete(oldest)
      total -= bytesOf(series.candles)
    }
  }

  return async (wanted) => {
    const { connector, pair, interval, from, to } = wanted
    const name = `${connector} ${pair} ${interval}`
    const known = kept.get(name)
    if (known !== undefined && known.from <= from && known.to >= to && options.now() - known.at < options.freshMs) {
      keep(name, known)
      return known.series
    }
    const exact = `${name} ${from} ${to}`
    const asked =
      underway.get(exact) ??
      ask(wanted)
        .then((series) => {
          keep(name, { from, to, series, at: options.now() })
          return series
        })
        .finally(() => underway.delete(exact))
    underway.set(exact, asked)
    return asked
  }
}
