import type { CandleFeed } from '../candles.ts'
import type { ConnectorPair } from '../executors/executor-config.ts'

/** The market of a controller that trades on one, and has its name among its fields. */
export const ownMarket = ({ connector_name, trading_pair }: ConnectorPair): readonly ConnectorPair[] => [
  { connector_name, trading_pair },
]

interface ReadCandles extends ConnectorPair {
  readonly candles_connector: string | null
  readonly candles_trading_pair: string | null
  readonly interval: string
}

/** The series of the fields `candlesFields`: where one is left out, that of the market it trades on. `window`: rows seen live. */
export const candlesFeed = (config: ReadCandles, window: number): CandleFeed => ({
  connector: config.candles_connector ?? config.connector_name,
  pair: config.candles_trading_pair ?? config.trading_pair,
  interval: config.interval,
  window,
})
