import type { Candle } from './venue.ts'

/** Reads up to `limit` candles from `since`, or the latest ones without it. */
export type CandlePage = (since: number | undefined, limit: number) => Promise<readonly Candle[]>

const merged = (candles: readonly Candle[]): Candle[] =>
  [...new Map(candles.map((candle) => [candle.time, candle])).values()].sort((left, right) => left.time - right.time)

/** Candles past one page: forwards from `since`, or backwards from the latest page. Stops when the venue has no more. */
export const readCandles = async (
  page: CandlePage,
  wanted: { readonly limit: number; readonly pageSize: number; readonly durationMs: number; readonly since?: number },
): Promise<readonly Candle[]> => {
  const { limit, pageSize, durationMs, since } = wanted
  let candles = merged(await page(since, Math.min(limit, pageSize)))
  while (candles.length > 0 && candles.length < limit) {
    const missing = Math.min(limit - candles.length, pageSize)
    const first = candles[0]?.time ?? 0
    const last = candles.at(-1)?.time ?? 0
    const from = since === undefined ? first - missing * durationMs : last + durationMs
    const more = await page(from, missing)
    const next = merged([...candles, ...more])
    if (next.length === candles.length) break
    candles = next
  }
  return since === undefined ? candles.slice(-limit) : candles.slice(0, limit)
}
