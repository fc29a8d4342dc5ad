import type { BacktestMode } from '../backtest/backtest.ts'
import type { Results } from '../backtest/results.ts'
import { amountText, percentText, plainText } from './browser/words.ts'

/** A figure of a backtest in words. */
export interface Figure {
  /** Its name in answers and files. */
  readonly key: keyof Results
  readonly label: string
  readonly value: number
  /** As it is shown, the unit included. */
  readonly text: string
  readonly meaning: string
}

type Unit = 'quote' | 'fraction' | 'count' | 'number'

const FIGURES: readonly (readonly [
  key: Exclude<keyof Results, 'close_types'>,
  label: string,
  unit: Unit,
  meaning: string,
])[] = [
  [
    'net_pnl_quote',
    'Net profit',
    'quote',
    'What ended executors and reduced positions made, after the fees of the executors; what is still held is not in it.',
  ],
  ['net_pnl', 'Net profit of the capital', 'fraction', 'Net profit as a share of total_amount_quote.'],
  ['unrealized_pnl_quote', 'Unrealized profit', 'quote', 'What positions still held would make at the last price.'],
  [
    'position_realized_pnl_quote',
    'Realized by positions',
    'quote',
    'The part of the net profit that positions kept by executors made when they were reduced.',
  ],
  ['total_fees_quote', 'Fees', 'quote', 'Trade costs of all executors, both ways.'],
  ['total_volume', 'Volume', 'quote', 'Traded by executors that made or lost something, both ways.'],
  ['max_drawdown_usd', 'Deepest drawdown', 'quote', 'The largest fall of the profit from a peak before it.'],
  ['max_drawdown_pct', 'Deepest drawdown of the capital', 'fraction', 'The same as a share of total_amount_quote.'],
  [
    'sharpe_ratio',
    'Sharpe ratio',
    'number',
    'Mean of the profit over its standard deviation, over all rows; of the level, not of returns, and not annualised.',
  ],
  ['profit_factor', 'Profit factor', 'number', 'What winners made for each unit that losers lost; 1 when nobody lost.'],
  ['total_executors', 'Executors', 'count', 'All that were created.'],
  ['total_executors_with_position', 'Executors with a result', 'count', 'Those that made or lost something.'],
  ['total_positions', 'Positions', 'count', 'The same number, under its other name.'],
  ['total_long', 'Long', 'count', 'Of those with a result, the buyers.'],
  ['total_short', 'Short', 'count', 'Of those with a result, the sellers.'],
  ['win_signals', 'Winners', 'count', 'Of those with a result, the ones that made something.'],
  ['loss_signals', 'Losers', 'count', 'Of those with a result, the ones that lost something.'],
  ['accuracy', 'Share of winners', 'fraction', 'Winners of all with a result.'],
  ['accuracy_long', 'Share of winners, long', 'fraction', 'Winners of the buyers.'],
  ['accuracy_short', 'Share of winners, short', 'fraction', 'Winners of the sellers.'],
]

/** Where the realistic mode means something else. */
const REALISTIC: Readonly<Partial<Record<keyof Results, string>>> = {
  net_pnl_quote: 'What executors and reduced positions made, after all fees; what is still held is not in it.',
  total_volume: 'Traded by all executors, both ways.',
  max_drawdown_usd: 'The largest fall of the profit, open executors included, from a peak before it.',
  sharpe_ratio: 'Mean of the changes of the profit from row to row over their standard deviation, for a year.',
}

const textOf = (value: number, unit: Unit, quote: string): string => {
  switch (unit) {
    case 'quote':
      return `${amountText(value)} ${quote}`
    case 'fraction':
      return percentText(value)
    case 'count':
    case 'number':
      return plainText(value)
  }
}

/** All figures but the counts of close types, in the order in which they are read. `quote` is the money they are in. */
export const figures = (results: Results, quote: string, mode: BacktestMode): readonly Figure[] =>
  FIGURES.map(([key, label, unit, meaning]) => ({
    key,
    label,
    value: results[key],
    text: textOf(results[key], unit, quote),
    meaning: (mode === 'realistic' ? REALISTIC[key] : undefined) ?? meaning,
  }))
