const ALL = '1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'
const ALL_FROM_1M = '1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'
const BYBIT = '1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1M'
const LIGHTER = '1m 5m 15m 30m 1h 4h 12h 1d 1w'
const TO_1D = '1m 3m 5m 15m 30m 1h 2h 4h 8h 12h 1d'

const FEEDS = {
  aevo_perpetual: ALL_FROM_1M,
  backpack: ALL,
  backpack_perpetual: ALL,
  binance_perpetual: ALL_FROM_1M,
  binance: ALL,
  bitget: '1m 3m 5m 15m 30m 1h 4h 6h 12h 1d 3d 1w 1M',
  bitget_perpetual: '1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 3d 1w 1M',
  gate_io: '10s 1m 5m 15m 30m 1h 4h 8h 1d 7d 30d',
  gate_io_perpetual: '1m 5m 15m 30m 1h 4h 8h 1d 7d',
  grvt_perpetual: '1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w',
  kucoin: '1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 1w 1M',
  kucoin_perpetual: '1s 1m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d',
  okx_perpetual: `${ALL} 3M`,
  okx: `${ALL} 3M`,
  kraken: '1m 5m 15m 30m 1h 4h 1d 1w',
  mexc: '1m 5m 15m 30m 1h 4h 1d 1w 1M',
  mexc_perpetual: '1m 5m 15m 30m 1h 4h 8h 1d 1w 1M',
  bybit: BYBIT,
  bybit_perpetual: BYBIT,
  hyperliquid: BYBIT,
  hyperliquid_perpetual: BYBIT,
  dexalot: '5m 15m 30m 1h 4h 1d',
  evedex_perpetual: ALL_FROM_1M,
  bitmart_perpetual: '1m 5m 15m 30m 1h 2h 4h 12h 1d 1w',
  btc_markets: '1m 3m 5m 15m 30m 1h 2h 3h 4h 6h 1d 1w 1M',
  pacifica_perpetual: TO_1D,
  decibel_perpetual: TO_1D,
  lighter: LIGHTER,
  lighter_perpetual: LIGHTER,
  simulator: ALL,
  simulator_perpetual: ALL_FROM_1M,
}

/**
 * Candle intervals by connector, in the order clients are shown them. The venue has the last word: an interval named here
 * that it refuses is reported with the venue's reason.
 */
export const CANDLE_INTERVALS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(FEEDS).map(([connectorName, intervals]) => [connectorName, intervals.split(' ')]),
)

/** Rows that one request of a venue gives; 500 where nothing is said. */
const PAGE_ROWS: Readonly<Record<string, number>> = {
  binance: 1000,
  gate_io: 1000,
  gate_io_perpetual: 1000,
  kucoin: 1000,
  mexc: 500,
  okx: 300,
  okx_perpetual: 300,
  bitget: 200,
  bitget_perpetual: 200,
  simulator: 1000,
}

/** How many candles to ask a venue for at a time, so that one request answers. */
export const pageRowsOf = (connectorName: string): number => PAGE_ROWS[connectorName] ?? 500
