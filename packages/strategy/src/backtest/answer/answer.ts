import type { Features } from '../../controllers/controller.ts'
import type { BacktestResult, HeldSeries, PnlSeries, PositionHoldReport } from '../backtest.ts'
import type { Results } from '../results.ts'
import { countUpTo } from '../rows.ts'
import { executor } from './executor.ts'
import { float, object, text } from './json.ts'

/** A piece of the answer is about as long; one string of all of it would be hundreds of megabytes for a long backtest. */
const PIECE = 1 << 16

/** The members of the answer in their order, with what stands before and behind what each of them holds. */
export const ANSWER_MEMBERS = {
  executors: ['[', ']'],
  processed_data: ['{', '}'],
  results: ['', ''],
  position_holds: ['[', ']'],
  position_held_timeseries: ['[', ']'],
  pnl_timeseries: ['[', ']'],
} as const satisfies Readonly<Record<string, readonly [open: string, close: string]>>
export type AnswerMember = keyof typeof ANSWER_MEMBERS

/**
 * What each member of the answer holds, without its brackets: enumerations are numbers, a column is a map from the row's
 * time to its value, and what is not known is zero. A piece of a list holds whole items, and begins with a comma where it
 * is not the first.
 */
export function* answerParts(result: BacktestResult): Generator<readonly [AnswerMember, string], void, undefined> {
  for (const piece of executors(result)) yield ['executors', piece]
  for (const piece of table(result.processed)) yield ['processed_data', piece]
  yield ['results', results(result.results)]
  yield ['position_holds', result.holds.map(hold).join(',')]
  for (const piece of rows(result.held.length, heldPoint(result.held))) yield ['position_held_timeseries', piece]
  for (const piece of rows(result.pnl.length, pnlPoint(result))) yield ['pnl_timeseries', piece]
}

/** The result as the JSON that the contract answers with, in pieces. */
export function* backtestAnswer(result: BacktestResult): Generator<string, void, undefined> {
  yield '{'
  let open: AnswerMember | undefined
  for (const [member, piece] of answerParts(result)) {
    if (member !== open) {
      if (open !== undefined) yield `${ANSWER_MEMBERS[open][1]},`
      yield `"${member}":${ANSWER_MEMBERS[member][0]}`
      open = member
    }
    yield piece
  }
  yield open === undefined ? '}' : `${ANSWER_MEMBERS[open][1]}}`
}

const executors = ({ executors: reported, processed }: BacktestResult): Generator<string> => {
  const [times, closes] = [processed.timestamp, processed.columns.get('close_bt') ?? processed.timestamp]
  return rows(reported.length, (n) => {
    const each = reported[n]
    if (each === undefined) return ''
    const row = each.closeTimestamp === null ? times.length - 1 : countUpTo(times, each.closeTimestamp) - 1
    return executor(each, closes[row] ?? Number.NaN)
  })
}

/** The items of a list, joined into pieces. */
function* rows(length: number, item: (row: number) => string): Generator<string, void, undefined> {
  let piece = ''
  for (let row = 0; row < length; row++) {
    piece += row === 0 ? item(row) : `,${item(row)}`
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield piece
}

function* table({ timestamp, columns }: Features): Generator<string, void, undefined> {
  const keys = Array.from(timestamp, (time) => `"${float(time)}":`)
  let first = true
  for (const [name, values] of columns) {
    yield `${first ? '' : ','}${text(name)}:{`
    first = false
    const value = formatted(values, isWhole(name, values) ? whole : float)
    yield* rows(keys.length, (row) => `${keys[row] ?? ''}${value(row)}`)
    yield '}'
  }
}

/** Signals, features of longer candles and columns that a venue does not fill stay the same for many rows. */
const formatted = (values: Float64Array, form: (value: number) => string): ((row: number) => string) => {
  let last = 0
  let text = form(last)
  return (row) => {
    const value = values[row] ?? 0
    if (value !== last) {
      last = value
      text = form(value)
    }
    return text
  }
}

/** The original has integers in these two: a signal is a direction, and a multiplier it adds itself is one. */
const isWhole = (name: string, values: Float64Array): boolean =>
  name === 'signal'
    ? values.every(Number.isInteger)
    : name === 'spread_multiplier' && values.every((value) => value === 1)

const whole = (value: number): string => `${value}`

const COUNTS: ReadonlySet<string> = new Set<keyof Results>([
  'total_executors',
  'total_executors_with_position',
  'total_long',
  'total_short',
  'total_positions',
  'win_signals',
  'loss_signals',
])

const results = (figures: Results): string => {
  const { close_types } = figures
  const isEmpty = close_types === 0
  const form = (key: string, value: number) => (isEmpty || COUNTS.has(key) ? `${value}` : float(value))
  return object(
    Object.fromEntries(
      Object.entries(figures).map(([key, value]) => [
        key,
        typeof value === 'number' ? form(key, value) : JSON.stringify(value),
      ]),
    ),
  )
}

const hold = (held: PositionHoldReport): string =>
  object({
    connector_name: text(held.connector_name),
    trading_pair: text(held.trading_pair),
    buy_amount_base: float(held.buyAmountBase),
    buy_amount_quote: float(held.buyAmountQuote),
    sell_amount_base: float(held.sellAmountBase),
    sell_amount_quote: float(held.sellAmountQuote),
    net_amount_base: float(held.netAmountBase),
    cum_fees_quote: float(held.cumFeesQuote),
    volume_traded_quote: float(held.volumeTradedQuote),
    is_closed: `${held.isClosed}`,
    n_executors: `${held.executors}`,
  })

/** A sum of nothing is the integer zero. */
const orNothing = (value: number): string => (value === 0 ? '0' : float(value))

const heldPoint = (held: HeldSeries) => (row: number) => {
  const [long, short] = [held.longAmount[row] ?? 0, held.shortAmount[row] ?? 0]
  return (
    `{"timestamp":${float(held.timestamp[row] ?? 0)},"long_amount":${orNothing(long)},` +
    `"short_amount":${orNothing(short)},"net_amount":${float(long - short)},` +
    `"unrealized_pnl":${float(held.unrealizedPnl[row] ?? 0)},"realized_pnl":${float(held.realizedPnl[row] ?? 0)},` +
    `"n_holds":${held.holds[row] ?? 0}}`
  )
}

const pnlPoint = ({ pnl, held }: { readonly pnl: PnlSeries; readonly held: HeldSeries }) => {
  let next = 0
  return (row: number): string => {
    const time = pnl.timestamp[row] ?? 0
    // Both series go through the same rows.
    const isHeld = held.timestamp[next] === time
    if (isHeld) next++
    const form = isHeld ? float : whole
    return (
      `{"timestamp":${float(time)},"executor_realized_pnl":${float(pnl.executorRealized[row] ?? 0)},` +
      `"position_realized_pnl":${form(pnl.positionRealized[row] ?? 0)},` +
      `"position_unrealized_pnl":${form(pnl.positionUnrealized[row] ?? 0)},"total_pnl":${float(pnl.total[row] ?? 0)},` +
      `"active_executors":${pnl.activeExecutors[row] ?? 0},"cumulative_volume":${float(pnl.cumulativeVolume[row] ?? 0)}}`
    )
  }
}
