import type { ConnectorPair } from './executor-config.ts'

/** One pair on one connector is a market. */
export const isSameMarket = (one: ConnectorPair, other: ConnectorPair): boolean =>
  one.connector_name === other.connector_name && one.trading_pair === other.trading_pair
