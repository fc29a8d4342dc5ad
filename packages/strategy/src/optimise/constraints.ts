import type { Figures } from './metrics.ts'
import { type Expression, evaluate, parseExpression } from './objective.ts'

/** What a result must keep to be taken, such as `max_drawdown_pct >= -0.1`. */
export interface Constraint {
  readonly text: string
  readonly left: Expression
  readonly relation: '>=' | '<=' | '>' | '<'
  readonly bound: number
}

const FORM = /^(.*?)(>=|<=|>|<)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*$/

/** A text instead of a constraint says what is wrong with it. */
export const parseConstraint = (text: string): Constraint | string => {
  const [, expression = '', relation, number = ''] = FORM.exec(text) ?? []
  if (relation !== '>=' && relation !== '<=' && relation !== '>' && relation !== '<')
    return `'${text}' is no constraint; write a metric, >=, <=, > or <, and a number, such as 'total_positions >= 20'`
  const left = parseExpression(expression)
  if (typeof left === 'string') return left
  const bound = Number(number)
  return Number.isFinite(bound)
    ? { text, left, relation, bound }
    : `the bound ${number} of '${text}' is no finite number`
}

const isHeld = (value: number, { relation, bound }: Constraint): boolean => {
  switch (relation) {
    case '>=':
      return value >= bound
    case '<=':
      return value <= bound
    case '>':
      return value > bound
    case '<':
      return value < bound
  }
}

export interface Breach {
  /** The constraints that are not held. */
  readonly broken: readonly string[]
  /** How far away they are, as parts of their bounds, added up: of two that break them the nearer one is the better. */
  readonly distance: number
}

export const breachOf = (constraints: readonly Constraint[], figures: Figures): Breach => {
  const broken = constraints.filter((constraint) => !isHeld(evaluate(constraint.left, figures), constraint))
  const distance = broken.reduce(
    (sum, { left, bound }) => sum + Math.abs(evaluate(left, figures) - bound) / (Math.abs(bound) || 1),
    0,
  )
  return { broken: broken.map(({ text }) => text), distance }
}
