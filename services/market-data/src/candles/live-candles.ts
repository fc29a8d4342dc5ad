import { type Candle, UnknownPair, VenueRefused, type Venues } from '@colibri/exchange'
import type { Feeds } from '../feeds/feed.ts'
import { LiveSeries } from './live-series.ts'
import type { SeriesKey } from './stored-candles.ts'

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

/** A series that nobody holds and nobody has read for so long is dropped; its feed lives on for a while by itself. */
const IDLE_MS = 60_000
/** Series that nobody holds are dropped before that when all together hold more rows, the longest unused first. */
const MOST_ROWS = 300_000
const TEND_MS = 1_000

export interface LiveCandlesOptions {
  readonly venues: Venues
  readonly feeds: Pick<Feeds, 'open'>
  readonly now: () => number
  /** Told of each failed call of a venue. */
  readonly onFailure: (key: SeriesKey, error: unknown) => void
}

export interface LiveCandleService extends LiveCandles {
  /** The newest `rows` candles as they are now. Rejects with `UnknownConnector`, `UnknownPair`, a venue's error or `VenueTooSlow`. */
  read(key: SeriesKey, rows: number, waitMs: number): Promise<readonly Candle[]>
  stop(): void
}

export const createLiveCandles = ({ venues, feeds, now, onFailure }: LiveCandlesOptions): LiveCandleService => {
  /** The longest unused first. */
  const all = new Map<string, LiveSeries>()

  const openFeed = (key: SeriesKey) => {
    try {
      return feeds.open({ kind: 'candles', ...key })
    } catch {
      // Without a stream there is REST, whose errors say what is wrong.
      return undefined
    }
  }

  const find = (key: SeriesKey): LiveSeries => {
    const id = `${key.connectorName} ${key.interval} ${key.tradingPair}`
    const series =
      all.get(id) ??
      new LiveSeries({
        key,
        venue: venues.publicVenue(key.connectorName),
        openFeed: () => openFeed(key),
        now,
        onFailure: (error) => onFailure(key, error),
      })
    all.delete(id)
    all.set(id, series)
    return series
  }

  const drop = (id: string, series: LiveSeries): void => {
    all.delete(id)
    series.close()
  }

  const tend = (): void => {
    let rows = [...all.values()].reduce((sum, { size }) => sum + size, 0)
    for (const [id, series] of all) {
      if (series.holders > 0) series.tend()
      else if (now() - series.lastUse > IDLE_MS || rows > MOST_ROWS) {
        rows -= series.size
        drop(id, series)
      }
    }
  }
  const timer = setInterval(tend, TEND_MS)

  return {
    async read(key, rows, waitMs) {
      const series = find(key)
      try {
        return await series.read(rows, waitMs)
      } catch (error) {
        const unknown = error instanceof UnknownPair || error instanceof VenueRefused
        if (unknown && series.size === 0 && series.holders === 0)
          for (const [id, one] of all) if (one === series) drop(id, one)
        throw error
      }
    },

    open(connectorName, tradingPair, interval, rows) {
      const series = find({ connectorName, tradingPair, interval })
      series.holders++
      series.use(rows)
      let held = true
      const own = new Set<() => void>()
      return {
        ready: (timeoutMs) => series.read(rows, timeoutMs),
        rows: () => series.newest(rows),
        sequence: () => series.sequence,
        onUpdate: (listener) => {
          const end = series.onUpdate(listener)
          own.add(end)
          return () => {
            end()
            own.delete(end)
          }
        },
        close: () => {
          if (!held) return
          held = false
          for (const end of own) end()
          series.holders--
        },
      }
    },

    stop() {
      clearInterval(timer)
      for (const [id, series] of all) drop(id, series)
    },
  }
}
