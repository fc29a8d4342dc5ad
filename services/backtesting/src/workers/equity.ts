import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { BacktestResult } from '@colibri/strategy'

/** One value a row of the backtest, column by column. */
export const EQUITY_COLUMNS = [
  'timestamp',
  'open',
  'high',
  'low',
  'close',
  'executorRealized',
  'positionRealized',
  'positionUnrealized',
  'total',
  'activeExecutors',
  'cumulativeVolume',
  'executorUnrealized',
] as const
export type EquityColumn = (typeof EQUITY_COLUMNS)[number]

const CANDLES = ['open', 'high', 'low', 'close']

/** The columns one after the other, each compressed by itself. */
export function* equityChunks({ processed, pnl }: BacktestResult): Generator<Uint8Array> {
  for (const name of EQUITY_COLUMNS) {
    const values = CANDLES.includes(name)
      ? (processed.columns.get(`${name}_bt`) ?? new Float64Array(pnl.length).fill(Number.NaN))
      : Float64Array.from(pnl[name as Exclude<EquityColumn, 'open' | 'high' | 'low' | 'close'>])
    yield zstdCompressSync(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
}

/** A column as it was. */
export const equityColumn = (chunk: Uint8Array): Float64Array => {
  const bytes = zstdDecompressSync(chunk)
  // A buffer of its own begins where a double may.
  return new Float64Array(Uint8Array.from(bytes).buffer)
}
