import fc from 'fast-check'
import t from 'tap'
import { parseConstraint } from './constraints.ts'
import { type Figures, METRICS } from './metrics.ts'
import { evaluate, parseExpression } from './objective.ts'
import { isEligible, judge, type Outcome, rank } from './trial.ts'

const figures = (given: Partial<Figures> = {}): Figures =>
  Object.assign(Object.fromEntries(METRICS.map((metric) => [metric, 0])), given) as Figures

const expression = (text: string) => {
  const parsed = parseExpression(text)
  if (typeof parsed === 'string') throw new TypeError(parsed)
  return parsed
}
const constraint = (text: string) => {
  const parsed = parseConstraint(text)
  if (typeof parsed === 'string') throw new TypeError(parsed)
  return parsed
}

t.test('an objective is a weighted sum of metrics', async (t) => {
  const of = (text: string) =>
    evaluate(expression(text), figures({ net_pnl_quote: 10, total_fees_quote: 3, sharpe_ratio: -2 }))
  t.equal(of('net_pnl_quote'), 10)
  t.equal(of('net_pnl_quote - 2 * total_fees_quote'), 4)
  t.equal(of(' -sharpe_ratio+net_pnl_quote*.5 '), 7)
  t.equal(of('net_pnl_quote / 4 - 1e1*sharpe_ratio'), 22.5)
})

t.test('what is no objective is refused with the reason', async (t) => {
  t.match(parseExpression('profit'), /'profit' is no metric; there are net_pnl, net_pnl_quote/)
  t.match(parseExpression('close_types'), /is no metric/)
  for (const text of ['', '2 *', 'net_pnl net_pnl', 'net_pnl * ', 'net_pnl + 3', '(net_pnl)', 'net_pnl ** 2'])
    t.match(parseExpression(text), /cannot be read from|is no metric/, text)
  for (const text of ['net_pnl / 0', '1e400 * net_pnl', 'net_pnl / 1e400', '1e200 * net_pnl * 1e200'])
    t.equal(parseExpression(text), `'${text}' has a weight that is no finite number`)
})

t.test('a sum is the same whichever way it is written', async (t) => {
  const term = fc.record({ metric: fc.constantFrom(...METRICS), weight: fc.integer({ min: -99, max: 99 }) })
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), (terms) => {
          const text = terms
            .map(({ metric, weight }) => `${weight < 0 ? '-' : '+'} ${Math.abs(weight)} * ${metric}`)
            .join(' ')
          const some = figures(Object.fromEntries(METRICS.map((metric, index) => [metric, index])))
          const sum = terms.reduce((total, { metric, weight }) => total + weight * some[metric], 0)
          return evaluate(expression(text), some) === sum
        }),
      ),
    'for every sum drawn',
  )
})

t.test('any text is an expression or told what is wrong with it', async (t) => {
  const pieces = fc.constantFrom(' ', '+', '-', '*', '/', '2', '.5', '1e9', 'net_pnl', 'accuracy', '>=', '(', 'x', '\n')
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string(),
            fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
          ),
          (text) => {
            const [parsed, constraint] = [parseExpression(text), parseConstraint(text)]
            return (
              (typeof parsed === 'string' ? parsed !== '' : Number.isFinite(evaluate(parsed, figures()))) &&
              (typeof constraint === 'string' ? constraint !== '' : Number.isFinite(constraint.bound))
            )
          },
        ),
      ),
    'for every text drawn',
  )
})

t.test('constraints: held, broken, and by how much', async (t) => {
  const goal = (...texts: string[]) => ({
    objective: expression('net_pnl_quote'),
    direction: 'maximize' as const,
    constraints: texts.map(constraint),
  })
  const some = figures({ net_pnl_quote: 5, max_drawdown_pct: -0.2, total_positions: 20 })
  t.same(judge(goal('max_drawdown_pct >= -0.1', 'total_positions >= 20', 'accuracy <= 0'), some), {
    state: 'completed',
    value: 5,
    broken: ['max_drawdown_pct >= -0.1'],
    distance: 1,
  })
  t.match(judge(goal('total_positions > 20', 'total_positions < 20'), some), { broken: { length: 2 }, distance: 0 })
  t.match(judge(goal('accuracy >= 0', 'net_pnl_quote - total_positions < 0'), some), { broken: [], distance: 0 })
  t.match(parseConstraint('total_positions == 3'), /is no constraint/)
  t.match(parseConstraint('positions >= 3'), /'positions' is no metric/)
  t.match(parseConstraint('accuracy >= much'), /is no constraint/)
  t.equal(parseConstraint('net_pnl_quote > 1e400'), "the bound 1e400 of 'net_pnl_quote > 1e400' is no finite number")
  t.equal(parseConstraint('accuracy<-1e309'), "the bound -1e309 of 'accuracy<-1e309' is no finite number")
  t.match(parseConstraint('1e400 * accuracy < 1'), /weight that is no finite number/)
  t.same(judge(goal('sharpe_ratio > 1', 'accuracy >= 0'), figures({ sharpe_ratio: Number.NaN })), {
    state: 'failed',
    error: 'sharpe_ratio > 1 is missed by NaN',
  })
})

t.test('an objective that is no number is a failure, not the best or the worst', async (t) => {
  const goal = { objective: expression('sharpe_ratio'), direction: 'maximize' as const, constraints: [] }
  t.match(judge(goal, figures({ sharpe_ratio: Number.NaN })), { state: 'failed', error: 'sharpe_ratio is NaN' })
  t.match(judge(goal, figures({ sharpe_ratio: Infinity })), { state: 'failed' })
})

const completed = (value: number, distance = 0): Outcome => ({
  state: 'completed',
  value,
  distance,
  broken: distance === 0 ? [] : ['x'],
})

t.test('the best first', async (t) => {
  const outcomes: readonly Outcome[] = [
    { state: 'failed', error: 'x' },
    completed(100, 2),
    { state: 'pruned', progress: 0.3, pnlQuote: 5 },
    completed(1),
    completed(3),
    { state: 'pruned', progress: 0.5, pnlQuote: 1 },
    completed(50, 1),
    completed(3),
  ]
  const trials = outcomes.map((outcome, number) => ({ number, parameters: {}, outcome }))
  const order = (direction: 'maximize' | 'minimize') => rank(trials, direction).map(({ number }) => number)
  t.same(order('maximize'), [4, 7, 3, 6, 1, 5, 2, 0])
  t.same(order('minimize'), [3, 4, 7, 6, 1, 5, 2, 0])
  t.same(
    trials.filter(isEligible).map(({ number }) => number),
    [3, 4, 7],
  )
})

t.test('a ranking does not depend on the order the trials came in', async (t) => {
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 }))
      .map(([value, far]) => completed(value, far)),
    fc.record({ state: fc.constant('pruned' as const), progress: fc.nat(2), pnlQuote: fc.nat(2) }),
    fc.constant({ state: 'failed' as const, error: 'x' }),
  )
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.array(outcome, { maxLength: 12 }), fc.infiniteStream(fc.nat(1000)), (outcomes, chance) => {
          const trials = outcomes.map((each, number) => ({ number, parameters: {}, outcome: each }))
          const keys = new Map(trials.map((trial) => [trial, chance.next().value ?? 0]))
          const shuffled = trials.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
          return JSON.stringify(rank(shuffled, 'maximize')) === JSON.stringify(rank(trials, 'maximize'))
        }),
      ),
    'for every order drawn',
  )
})
