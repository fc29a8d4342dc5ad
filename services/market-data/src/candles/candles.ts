import { type Candle, catalogue } from '@colibri/exchange'
import { CANDLE_INTERVALS } from './candle-intervals.ts'
import type { LiveCandleService } from './live-candles.ts'
import type { SeriesKey } from './stored-candles.ts'

/** Candles of any venue that has them. */
export class Candles {
  constructor(
    private readonly live: Pick<LiveCandleService, 'read'>,
    /** How long a request waits for the venue at most. */
    readonly waitMs: number,
  ) {}

  /** Connectors with candles, in the contract's order. */
  connectors(): readonly string[] {
    return [...CANDLE_INTERVALS.keys()].filter(isServed)
  }

  /** What a connector offers; `undefined` where there are no candles. */
  intervals(connectorName: string): readonly string[] | undefined {
    return isServed(connectorName) ? CANDLE_INTERVALS.get(connectorName) : undefined
  }

  /** The newest `rows` candles, oldest first, the last one still open. Rejects with `UnknownPair` or a failure of the venue. */
  newest(key: SeriesKey, rows: number): Promise<readonly Candle[]> {
    return this.live.read(key, rows, this.waitMs)
  }
}

/** False for connectors that exist by name only. */
const isServed = (connectorName: string): boolean =>
  catalogue.some(({ name, ccxt }) => name === connectorName && ccxt.kind === 'exchange')
