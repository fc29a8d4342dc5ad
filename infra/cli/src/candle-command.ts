import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { catalogue } from '@colibri/exchange'
import { isInterval, type SeriesKey, type TimeRange } from '@colibri/market-data/candles'

export type CandleCommand =
  | { readonly kind: 'import'; readonly file: string; readonly key: SeriesKey }
  | { readonly kind: 'export'; readonly file: string; readonly key: SeriesKey; readonly range: TimeRange }
  | { readonly kind: 'list' }

/** What was typed makes no command; the message says why. */
export class ArgumentsWrong extends Error {
  override readonly name = 'ArgumentsWrong'
}

export const usage = `Usage: npm run candles -- <command>
  import <file.csv[.gz]> --connector binance --pair BTC-USDT --interval 5m
  export <file.csv[.gz]> --connector binance --pair BTC-USDT --interval 5m [--from 2024-01-01] [--to 2024-02-01]
  list                    what is stored
A file has a header and the columns timestamp (seconds, where the candle opens), open, high, low, close, volume, and
perhaps quote_asset_volume, n_trades, taker_buy_base_volume, taker_buy_quote_volume.`

const OPTIONS = {
  connector: { type: 'string' },
  pair: { type: 'string' },
  interval: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const

/** Reads the command line; files are relative to `folder`. Throws `ArgumentsWrong`. */
export const candleCommand = (args: readonly string[], folder: string): CandleCommand => {
  const { values, positionals } = parsed(args)
  const [command, file, ...more] = positionals
  if (command === 'list') return { kind: 'list' }
  if (command !== 'import' && command !== 'export')
    throw new ArgumentsWrong(command === undefined ? 'Which command?' : `Unknown command ${command}.`)
  if (file === undefined) throw new ArgumentsWrong(`Which file to ${command}?`)
  if (more.length > 0) throw new ArgumentsWrong(`One file at a time; what is ${more.join(' ')}?`)
  const key = seriesKey(values)
  const path = resolve(folder, file)
  if (command === 'import') return { kind: 'import', file: path, key }
  const range = { from: timeOf('from', values.from, 0), to: timeOf('to', values.to, Number.MAX_SAFE_INTEGER) }
  return { kind: 'export', file: path, key, range }
}

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new ArgumentsWrong(error instanceof Error ? error.message : String(error))
  }
}

const seriesKey = (values: { connector?: string; pair?: string; interval?: string }): SeriesKey => {
  const { connector, pair, interval } = values
  if (connector === undefined || pair === undefined || interval === undefined)
    throw new ArgumentsWrong('--connector, --pair and --interval are needed.')
  if (!catalogue.some(({ name }) => name === connector))
    throw new ArgumentsWrong(
      `There is no connector ${connector}; there are ${catalogue.map(({ name }) => name).join(', ')}.`,
    )
  if (!/^[^\s-]+-\S+$/.test(pair)) throw new ArgumentsWrong(`--pair ${pair} must be BASE-QUOTE, such as BTC-USDT.`)
  if (!isInterval(interval)) throw new ArgumentsWrong(`--interval ${interval} must be like 1m, 5m, 1h or 1d.`)
  return { connectorName: connector, tradingPair: pair, interval }
}

const timeOf = (name: string, text: string | undefined, absent: number): number => {
  if (text === undefined) return absent
  const time = /^\d{9,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  if (Number.isNaN(time))
    throw new ArgumentsWrong(`--${name} ${text} must be a date like 2024-01-31 or seconds since 1970.`)
  return time
}
