import type { Candle } from '@colibri/exchange'

/** Nest token of `LiveCandles`. */
export const LIVE_CANDLES = Symbol('live candles')

export interface CandlesUpdate {
  /** Grows by one with every update this holder sees. */
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly time: number
  /** What is new or changed since the update before, oldest first: the live candle, or rows that were refilled too. */
  readonly changed: readonly Candle[]
  /** True when a candle has opened since the update before: the row before it is final. */
  readonly opened: boolean
}

/** One holder's hand on the candles of a pair; all holders of the same pair and interval share one feed and one buffer. */
export interface OpenCandles {
  /** Resolves once `rows()` is complete. Rejects with `UnknownPair`, a venue's error or `VenueTooSlow`. */
  ready(timeoutMs: number): Promise<readonly Candle[]>
  /** The newest rows as they are now, at most as many as were asked for, oldest first, the last one live. Empty before `ready`. */
  rows(): readonly Candle[]
  /** The sequence of the newest update that `rows()` shows; 0 before the first. */
  sequence(): number
  /** Calls back on every update until the returned function is called. The listener must not throw. */
  onUpdate(listener: (update: CandlesUpdate) => void): () => void
  close(): void
}

/**
 * Live candles of every venue: a backfill by REST, then the venue's stream, gaps refilled; where a venue streams none they
 * are asked for again and again while somebody holds them.
 */
export interface LiveCandles {
  /**
   * Never waits. `rows` may be asked for by each holder anew: a small request does not limit a later big one. Throws
   * `UnknownConnector`.
   */
  open(connectorName: string, tradingPair: string, interval: string, rows: number): OpenCandles
}
