import { type Candle, catalogue, type Venues } from '@colibri/exchange'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'
import { CANDLE_INTERVALS } from './candle-intervals.ts'

export interface CandleQuery {
  readonly connectorName: string
  readonly tradingPair: string
  readonly interval: string
  readonly rows: number
}

/** Candles of any venue that has them. */
export class Candles {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<readonly Candle[]>,
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
  async newest({ connectorName, tradingPair, interval, rows }: CandleQuery): Promise<readonly Candle[]> {
    const venue = this.venues.publicVenue(connectorName)
    const { value } = await this.cache.read(`${connectorName} ${interval} ${rows} ${tradingPair}`, () =>
      venue.candles(tradingPair, interval, rows),
    )
    return value
  }
}

/** False for connectors that exist by name only. */
const isServed = (connectorName: string): boolean =>
  catalogue.some(({ name, ccxt }) => name === connectorName && ccxt.kind === 'exchange')
