import { durationOf, readCandles, resample, resampleSource, timeText } from '@colibri/market-data/candles'
import type { CandleFeed, Candles } from '@colibri/strategy'
import type { BacktestCommand } from './backtest-command.ts'
import { ConfigWrong } from './backtest-config.ts'

/** What a backtest trades on and its controller reads. */
export interface BacktestCandles {
  readonly interval: string
  readonly candles: Candles
  readonly feed: (feed: CandleFeed) => Candles | undefined
}

type Rows = Awaited<ReturnType<typeof readCandles>>

/**
 * Reads the files, and makes of them every series that is wanted; longer intervals are made of shorter ones. Throws
 * `ConfigWrong` for a series that no file gives, or `CandleFileInvalid`.
 */
export const backtestCandles = async (
  { candles: sources, resolution, window }: BacktestCommand,
  market: { readonly trading_pair: string },
  feeds: readonly CandleFeed[],
  options: { readonly now: number; readonly progress: (file: string, share: number) => void },
): Promise<BacktestCandles> => {
  const files = new Map<string, Rows>()
  for (const { pair = market.trading_pair, file } of sources) {
    if (files.has(pair)) throw new ConfigWrong(`There are two files with candles of ${pair}.`)
    const rows = await readCandles(file, {
      interval: undefined,
      now: options.now,
      progress: (share) => options.progress(file, share),
    })
    files.set(pair, rows)
  }
  const series = new Map<string, Candles>()
  const seriesOf = (pair: string, interval: string, whose: string): Candles => {
    const name = `${pair} ${interval}`
    const known = series.get(name)
    if (known !== undefined) return known
    const made = columns(...inInterval(files.get(pair), pair, interval, whose))
    series.set(name, made)
    return made
  }
  const traded = files.get(market.trading_pair)
  const interval = resolution ?? traded?.interval ?? '1m'
  const candles = seriesOf(market.trading_pair, interval, 'the market that is traded')
  checkWindow(candles, interval, window)
  for (const { pair, interval } of feeds) seriesOf(pair, interval, 'the controller')
  return { interval, candles, feed: (feed) => series.get(`${feed.pair} ${feed.interval}`) }
}

const inInterval = (
  rows: Rows | undefined,
  pair: string,
  interval: string,
  whose: string,
): [candles: Rows['candles'], columns: Rows['columns']] => {
  if (rows === undefined)
    throw new ConfigWrong(`${capital(whose)} needs candles of ${pair}: give them as --candles ${pair}=file.csv.`)
  if (rows.interval === interval) return [rows.candles, rows.columns]
  if (resampleSource(interval, [rows.interval]).length === 0)
    throw new ConfigWrong(
      `${capital(whose)} needs candles of ${interval}, and they cannot be made of the file's, which are of ${rows.interval}.`,
    )
  return [[...resample(interval, rows.candles)], rows.columns]
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const checkWindow = (candles: Candles, interval: string, { from, to }: BacktestCommand['window']): void => {
  const first = candles.timestamp[0] ?? 0
  const last = candles.timestamp[candles.length - 1] ?? 0
  const end = last + durationOf(interval) / 1000
  if ((from !== undefined && (from < first || from > last)) || (to !== undefined && (to > end || to < first)))
    throw new ConfigWrong(
      `The file has candles from ${timeText(first * 1000)} to ${timeText(end * 1000)}; --from and --to must lie within.`,
    )
}

const EXTRA = [
  ['quote_volume', 'quote_asset_volume', 'quoteVolume'],
  ['trades', 'n_trades', 'trades'],
  ['taker_base_volume', 'taker_buy_base_volume', 'takerBuyBaseVolume'],
  ['taker_quote_volume', 'taker_buy_quote_volume', 'takerBuyQuoteVolume'],
] as const

const columns = (rows: Rows['candles'], has: Rows['columns']): Candles => {
  const column = (of: Exclude<keyof Rows['candles'][number], 'time'>): Float64Array =>
    Float64Array.from(rows, (row) => row[of])
  return {
    length: rows.length,
    timestamp: Float64Array.from(rows, ({ time }) => time / 1000),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
    extra: new Map(EXTRA.filter(([name]) => has.includes(name)).map(([, name, of]) => [name, column(of)])),
  }
}
