import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isInterval } from '@colibri/market-data/candles'
import type { BacktestMode } from '@colibri/strategy'
import { ArgumentsWrong } from './candle-command.ts'

export interface BacktestCommand {
  /** One of the standard ones by name, or the file of one's own. */
  readonly controller:
    | { readonly kind: 'standard'; readonly name: string }
    | { readonly kind: 'own'; readonly file: string }
  readonly config: string | undefined
  /** Fields that take the place of those in the file. */
  readonly set: readonly (readonly [field: string, value: string])[]
  /** By pair; the one without is the market that is traded. */
  readonly candles: readonly CandleSource[]
  /** Of the rows that are traded on; that of the file when undefined. */
  readonly resolution: string | undefined
  readonly rules: string | undefined
  readonly mode: BacktestMode
  readonly tradeCost: number
  /** Seconds, both ends included. */
  readonly window: { readonly from: number | undefined; readonly to: number | undefined }
  readonly files: {
    /** Undefined: none; `default`: named after the controller. */
    readonly report: string | 'default' | undefined
    readonly executors: string | undefined
    readonly equity: string | undefined
    readonly answer: string | undefined
  }
}

export interface CandleSource {
  readonly pair: string | undefined
  readonly file: string
}

export const usage = `Usage: npm run backtest -- --controller <name or file.ts> --candles <file.csv[.gz]> [options]
  --controller bollinger_v1   one of the standard controllers, or the file of your own
  --config conf.yml           its configuration; what is not in it has its default
  --set field=value           takes the place of a field of the configuration; as often as you like
  --candles btc.csv.gz        candles of the market that is traded; its feeds of longer intervals are made from them
  --candles ETH-USDT=eth.csv  candles of another pair that the controller reads
  --resolution 5m             of the rows that are traded on, when not that of the file
  --from 2024-01-01 --to 2024-02-01   the time that is traded, both included (dates in UTC, or seconds since 1970)
  --mode hummingbot|realistic
  --trade-cost 0.0006         of a trade's value, on each side
  --rules rules.yml           min_order_size, min_price_increment, min_base_amount_increment, min_notional_size
  --report out.html           the report; backtest-<controller>.html unless told, none with --no-report
  --executors out.csv         and --equity out.csv: tables, as JSON if the name ends in .json
  --answer out.json           what the REST API would answer`

const OPTIONS = {
  controller: { type: 'string' },
  config: { type: 'string' },
  set: { type: 'string', multiple: true },
  candles: { type: 'string', multiple: true },
  resolution: { type: 'string' },
  rules: { type: 'string' },
  mode: { type: 'string' },
  'trade-cost': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  report: { type: 'string' },
  'no-report': { type: 'boolean' },
  executors: { type: 'string' },
  equity: { type: 'string' },
  answer: { type: 'string' },
} as const

/** The original's REST API takes it when it is not told. */
const TRADE_COST = '0.0006'

/** Reads the command line; files are relative to `folder`. Throws `ArgumentsWrong`. */
export const backtestCommand = (args: readonly string[], folder: string): BacktestCommand => {
  const values = parsed(args)
  if (values.controller === undefined) throw new ArgumentsWrong('Which controller? Give --controller.')
  if (values.candles === undefined) throw new ArgumentsWrong('Which candles? Give --candles.')
  const candles = values.candles.map((text) => candleSource(text, folder))
  if (candles.filter(({ pair }) => pair === undefined).length !== 1)
    throw new ArgumentsWrong('One --candles is a file alone, of the market that is traded; others are PAIR=file.')
  const path = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(folder, file)
  return {
    controller: /[/\\]|\.[cm]?[jt]s$/.test(values.controller)
      ? { kind: 'own', file: resolve(folder, values.controller) }
      : { kind: 'standard', name: values.controller },
    config: path(values.config),
    set: (values.set ?? []).map(assignment),
    candles,
    resolution: resolutionOf(values.resolution),
    rules: path(values.rules),
    mode: modeOf(values.mode ?? 'hummingbot'),
    tradeCost: costOf(values['trade-cost'] ?? TRADE_COST),
    window: windowOf(values.from, values.to),
    files: {
      report: values['no-report'] === true ? undefined : (path(values.report) ?? 'default'),
      executors: path(values.executors),
      equity: path(values.equity),
      answer: path(values.answer),
    },
  }
}

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new ArgumentsWrong(error instanceof Error ? error.message : String(error))
  }
}

const candleSource = (text: string, folder: string): CandleSource => {
  const [, pair, file] = /^([A-Za-z0-9.]+-[A-Za-z0-9.]+)=(.+)$/.exec(text) ?? []
  return { pair, file: resolve(folder, file ?? text) }
}

const assignment = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw new ArgumentsWrong(`--set ${text} must be field=value.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

const resolutionOf = (text: string | undefined): string | undefined => {
  if (text !== undefined && !isInterval(text))
    throw new ArgumentsWrong(`--resolution ${text} must be like 1m, 5m, 1h or 1d.`)
  return text
}

const modeOf = (text: string): BacktestMode => {
  if (text !== 'hummingbot' && text !== 'realistic')
    throw new ArgumentsWrong(`--mode ${text} must be hummingbot or realistic.`)
  return text
}

const costOf = (text: string): number => {
  const cost = Number(text)
  if (text.trim() === '' || !(cost >= 0 && cost < 1))
    throw new ArgumentsWrong(`--trade-cost ${text} must be a share from 0 to 1, such as 0.0006.`)
  return cost
}

const windowOf = (from: string | undefined, to: string | undefined): BacktestCommand['window'] => {
  const window = { from: secondsOf('from', from), to: secondsOf('to', to) }
  if (window.from !== undefined && window.to !== undefined && window.from > window.to)
    throw new ArgumentsWrong(`--from ${from} lies after --to ${to}.`)
  return window
}

const secondsOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : Date.parse(text) / 1000
  if (!Number.isFinite(seconds))
    throw new ArgumentsWrong(`--${name} ${text} must be a date like 2024-01-31 or seconds since 1970.`)
  return Math.round(seconds)
}
