/** What `npm run candles` needs: candles in files and in Postgres, without the service around them. */
export { CandleFileInvalid, EXPORT_HEADER } from './candle-csv.ts'
export { type TimeRange, timeText } from './candle-range.ts'
export { createCandleTables } from './candle-tables.ts'
export { exportCandles } from './export-candles.ts'
export { type ImportedCandles, type ImportProgress, importCandles } from './import-candles.ts'
export { isInterval } from './intervals.ts'
export { type SeriesKey, StoredCandles, type StoredSeries } from './stored-candles.ts'
