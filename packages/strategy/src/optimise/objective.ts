import { type Figures, isMetric, METRICS, type Metric } from './metrics.ts'

/** A weighted sum of metrics. */
export interface Expression {
  readonly text: string
  readonly terms: readonly { readonly weight: number; readonly metric: Metric }[]
}

export type Direction = 'maximize' | 'minimize'

const NUMBER = String.raw`\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?`
const TERM = new RegExp(
  String.raw`\s*([+-]?)\s*(?:(${NUMBER})\s*\*\s*)?([A-Za-z_]\w*)(?:\s*([*/])\s*(${NUMBER}))?\s*`,
  'y',
)

/**
 * `sharpe_ratio`, `net_pnl_quote - 2 * total_fees_quote`, `net_pnl / 3 + accuracy`: metrics with weights, added up. A text
 * instead of an expression says what is wrong with it.
 */
export const parseExpression = (text: string): Expression | string => {
  const terms: { weight: number; metric: Metric }[] = []
  let at = 0
  while (at < text.length || terms.length === 0) {
    TERM.lastIndex = at
    const found = TERM.exec(text)
    const [whole = '', sign = '', before, name = '', operator, after] = found ?? []
    if (found === null || (terms.length > 0 && sign === ''))
      return `cannot be read from '${text.slice(at)}' on; write metrics with weights, such as 'net_pnl_quote - 2 * total_fees_quote'`
    if (!isMetric(name)) return `'${name}' is no metric; there are ${METRICS.join(', ')}`
    const [left, right] = [Number(before ?? 1), Number(after ?? 1)]
    const weight = (sign === '-' ? -1 : 1) * left * (operator === '/' ? 1 / right : right)
    // Divided by what is no finite number, it would be 0.
    if (![weight, left, right].every(Number.isFinite)) return `'${whole.trim()}' has a weight that is no finite number`
    terms.push({ weight, metric: name })
    at += whole.length
  }
  return { text, terms }
}

export const evaluate = ({ terms }: Expression, figures: Figures): number =>
  terms.reduce((sum, { weight, metric }) => sum + weight * figures[metric], 0)
