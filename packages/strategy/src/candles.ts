/** A series of candles as columns, oldest first. Times are the candles' opening, in seconds, as the contract has them. */
export interface Candles {
  readonly length: number
  readonly timestamp: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
  /** quote_asset_volume, n_trades, taker_buy_base_volume, taker_buy_quote_volume: where the source has them. */
  readonly extra: ReadonlyMap<string, Float64Array>
}

/** A series that a controller reads. */
export interface CandleFeed {
  readonly connector: string
  readonly pair: string
  readonly interval: string
  /** How many rows its indicators see when they are computed live: the last ones, the unfinished one included. */
  readonly window: number
}
