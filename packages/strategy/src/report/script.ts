import { reportCharts } from './browser/charts.ts'
import { csvField, csvLine } from './browser/csv.ts'
import { downloads, executorFile } from './browser/downloads.ts'
import { liveTable } from './browser/live-table.ts'
import { paintCandles } from './browser/paint-candles.ts'
import { paintTrades } from './browser/paint-trades.ts'
import { readOut } from './browser/read-out.ts'
import { drawdownOf, rowAt } from './browser/row-at.ts'
import { startReport } from './browser/start.ts'
import { pageTints } from './browser/tints.ts'
import { unpackCandles, unpackIntegers, unpackNumbers, unpackTimes } from './browser/unpack.ts'
import { unpackExecutors, unpackFills, unpackSums, unpackValues } from './browser/unpack-executors.ts'
import { amountText, durationText, percentText, plainText, priceText, timeText } from './browser/words.ts'

/** Everything that runs in the page. Each is a function that needs nothing but the others and the browser. */
const FUNCTIONS = [
  amountText,
  csvField,
  csvLine,
  downloads,
  drawdownOf,
  durationText,
  executorFile,
  liveTable,
  pageTints,
  paintCandles,
  paintTrades,
  percentText,
  plainText,
  priceText,
  readOut,
  reportCharts,
  rowAt,
  startReport,
  timeText,
  unpackCandles,
  unpackExecutors,
  unpackFills,
  unpackIntegers,
  unpackNumbers,
  unpackSums,
  unpackTimes,
  unpackValues,
]

/** The program of the page: the text of those very functions. */
export const pageScript = (): string => `'use strict'\n${FUNCTIONS.map(String).join('\n')}\nstartReport()\n`
