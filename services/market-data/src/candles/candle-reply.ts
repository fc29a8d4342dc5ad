import type { Candle } from '@colibri/exchange'

/** One candle as REST shows it: ten numbers, `timestamp` in seconds. */
export const candleReply = (candle: Candle) => ({
  timestamp: candle.time / 1000,
  open: candle.open,
  high: candle.high,
  low: candle.low,
  close: candle.close,
  volume: candle.volume,
  quote_asset_volume: candle.quoteVolume,
  n_trades: candle.trades,
  taker_buy_base_volume: candle.takerBuyBaseVolume,
  taker_buy_quote_volume: candle.takerBuyQuoteVolume,
})
export type CandleReply = ReturnType<typeof candleReply>
