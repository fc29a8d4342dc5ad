import {
  CLOSE_TYPES,
  CLOSE_WORDS,
  type CloseType,
  figures,
  percentText,
  plainText,
  type ReportInput,
  timeText,
} from '@colibri/strategy'

/** What came of a backtest, for a terminal: what was run, every figure with its unit, and why executors ended. */
export const summaryText = (report: ReportInput, quote: string, ms: number): string => {
  const { controller, market, interval, candles, mode, tradeCost, results } = report
  const [from = 0, to = 0] = [candles.timestamp[0], candles.timestamp[candles.length - 1]]
  const counts = results.close_types === 0 ? {} : results.close_types
  const ends = (Object.keys(CLOSE_TYPES) as CloseType[])
    .filter((kind) => (counts[kind] ?? 0) > 0)
    .map((kind): [string, string] => [CLOSE_WORDS[kind], plainText(counts[kind] ?? 0)])
  const seconds = ms / 1000
  return [
    `${controller} on ${market.trading_pair}, ${market.connector_name}`,
    `${plainText(candles.length)} candles of ${interval}, ${timeText(from)} to ${timeText(to)} UTC; mode ${mode}, ` +
      `${percentText(tradeCost)} of a trade's value on each side`,
    '',
    ...aligned(figures(results, quote, mode).map(({ label, text }): [string, string] => [label, text])),
    ...(ends.length === 0 ? ['', 'No executor was created.'] : ['', 'Why executors ended', ...aligned(ends)]),
    '',
    `${plainText(candles.length)} rows in ${seconds.toFixed(2)} s, ${plainText(Math.round(candles.length / seconds))} rows/s`,
    '',
  ].join('\n')
}

const aligned = (lines: readonly (readonly [string, string])[]): readonly string[] => {
  const [left, right] = [0, 1].map((side) => Math.max(0, ...lines.map((line) => line[side]?.length ?? 0)))
  return lines.map(([name, value]) => `  ${name.padEnd(left ?? 0)}  ${value.padStart(right ?? 0)}`)
}
