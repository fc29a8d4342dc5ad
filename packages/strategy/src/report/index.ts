export { percentText, plainText, timeText } from './browser/words.ts'
export { CLOSE_WORDS } from './close-words.ts'
export { type Figure, figures } from './figures.ts'
export { reportOf } from './from-result.ts'
export { PAGE_POLICY, quoteOf, reportPage } from './page.ts'
export type {
  ChartLibrary,
  ReportCandles,
  ReportEquity,
  ReportExecutor,
  ReportFill,
  ReportHold,
  ReportInput,
} from './report.ts'
export { shownConfig } from './shown-config.ts'
export { equityTable, executorTable, type Table, tableText } from './tables.ts'
