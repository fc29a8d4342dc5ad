import type { Candle } from '@colibri/exchange'

/** A candle that is like no other: its prices and volume follow from its time and how far it has grown. */
export const madeCandle = (time: number, volume = 10): Candle => ({
  time,
  open: 100 + (time % 7),
  high: 200 + volume,
  low: 50 - Math.min(volume, 40),
  close: 100 + volume,
  volume,
  quoteVolume: volume * 100,
  trades: volume,
  takerBuyBaseVolume: volume / 2,
  takerBuyQuoteVolume: volume * 50,
})

/** A candle of which only time and close matter. */
export const plainCandle = (time: number, close: number): Candle => ({
  time,
  open: 1,
  high: 1,
  low: 1,
  close,
  volume: 1,
  quoteVolume: 1,
  trades: 1,
  takerBuyBaseVolume: 1,
  takerBuyQuoteVolume: 1,
})
