import type { OptimisationSpec } from '@colibri/contracts'
import { CHECKPOINTS, type Floors, generatorOf, type Parameters, type Span, watchOver } from '@colibri/strategy'
import fc from 'fast-check'
import t from 'tap'
import { type FinishedTrial, type Known, runSearch, type Tried } from './run-search.ts'
import { planOf } from './search-plan.ts'

const MINUTES = 4_000

const specOf = (changes: Partial<OptimisationSpec>): OptimisationSpec => ({
  backtest: {
    startTime: 0,
    endTime: (MINUTES - 1) * 60,
    resolution: '1m',
    tradeCost: 0,
    mode: 'hummingbot',
    config: {},
    configName: null,
    uploads: [],
  },
  parameters: { x: { min: -5, max: 5 }, y: { min: 1, max: 9, step: 1 }, z: ['a', 'b'] },
  method: 'bayesian',
  trials: 20,
  seed: 1,
  round: 4,
  objective: 'net_pnl_quote',
  direction: 'maximize',
  constraints: [],
  pruning: { after: 0.2, trials: 3 },
  walkForward: null,
  ...changes,
})

/** A backtest that earns evenly, the more the nearer it is to a place that moves with the time. */
const backtest = ({ x, y, z }: Parameters, { from }: Span, floors: Floors): Tried => {
  const earned = -((Number(x) - from / 1e5) ** 2) - Math.abs(Number(y) - 4) - (z === 'a' ? 0 : 2)
  const watch = watchOver(floors)
  for (const checkpoint of CHECKPOINTS)
    if (!watch.goesOn(checkpoint * 100, 100, earned * checkpoint))
      return {
        outcome: { state: 'pruned', progress: checkpoint, pnlQuote: earned * checkpoint },
        figures: null,
        curve: watch.curve,
      }
  return { outcome: { state: 'completed', value: earned, broken: [], distance: 0 }, figures: null, curve: watch.curve }
}

interface Chance {
  readonly seed: number
  readonly workers: number
  /** So many trials are stored before everything breaks off. */
  readonly breakAfter?: number
}

/** Runs a search on so many workers that end in any order. What was stored is what it gives, whether it broke off or not. */
const searched = async (spec: OptimisationSpec, known: Known, { seed, workers, breakAfter = Infinity }: Chance) => {
  const generator = generatorOf(seed)
  const waiting: (() => void)[] = []
  const running: (() => void)[] = []
  const stored = { trials: [...known.trials], tests: [] as FinishedTrial[], attempts: 0, most: 0 }
  const step = (): void => {
    while (running.length < workers && waiting.length > 0) running.push(...waiting.splice(0, 1))
    stored.most = Math.max(stored.most, running.length)
    running.splice(generator.below(running.length), 1)[0]?.()
  }
  let isOver = false
  const search = runSearch(planOf(spec), known, {
    attempt: (parameters, span, floors) =>
      new Promise((resolve, reject) => {
        stored.attempts += 1
        waiting.push(() => {
          if (stored.trials.length - known.trials.length >= breakAfter) reject(new Error('broken off'))
          else resolve(backtest(parameters, span, floors))
        })
      }),
    finished: async (trial) => void stored.trials.push(trial),
    tested: async (trial) => void stored.tests.push(trial),
  }).finally(() => {
    isOver = true
  })
  const broken = search.then(
    () => false,
    () => true,
  )
  while (!isOver) {
    step()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { ...stored, broken: await broken }
}

const nothing: Known = { trials: [], tested: new Set() }
const inOrder = (trials: readonly FinishedTrial[]): string =>
  JSON.stringify(trials.toSorted((a, b) => a.window - b.window || a.number - b.number))

const someSpec = fc
  .record({
    method: fc.constantFrom('bayesian' as const, 'random' as const),
    seed: fc.nat(1e6),
    round: fc.integer({ min: 1, max: 9 }),
    pruning: fc.constantFrom(null, { after: 0.2, trials: 3 }),
    walkForward: fc.constantFrom(null, { windows: 2, trainShare: 0.6, kind: 'rolling' as const }),
    direction: fc.constantFrom('maximize' as const, 'minimize' as const),
  })
  .map(specOf)

t.test(
  'the same trials, outcomes and tests, whoever runs them in whichever order, and wherever it breaks off',
  async (t) => {
    await t.resolves(
      fc.assert(
        fc.asyncProperty(
          someSpec,
          fc.nat(1e6),
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 0, max: 39 }),
          async (spec, seed, workers, breakAfter) => {
            const whole = await searched(spec, nothing, { seed: 0, workers: 1 })
            const first = await searched(spec, nothing, { seed, workers, breakAfter })
            const second = await searched(
              spec,
              { trials: first.trials, tested: new Set(first.tests.map(({ window }) => window)) },
              { seed: seed + 1, workers: 7 - workers },
            )
            const tests = [...first.tests, ...second.tests]
            return (
              !whole.broken &&
              !second.broken &&
              whole.trials.length === planOf(spec).trials &&
              inOrder(second.trials) === inOrder(whole.trials) &&
              inOrder(tests) === inOrder(whole.tests)
            )
          },
        ),
        { numRuns: 60 },
      ),
      'for every search, order and break',
    )
  },
)

t.test('a search is not done with more at once than its round, and no trial twice', async (t) => {
  const spec = specOf({ round: 3, trials: 12 })
  const { most, attempts, trials } = await searched(spec, nothing, { seed: 5, workers: 64 })
  t.equal(most, 3)
  t.equal(attempts, 12)
  t.equal(new Set(trials.map(({ number }) => number)).size, 12)
})

t.test('where no trial needs another, none waits for a round', async (t) => {
  const spec = specOf({ method: 'random', pruning: null, round: 3, trials: 12 })
  t.equal((await searched(spec, nothing, { seed: 5, workers: 64 })).most, 12)
})

t.test('ended early are only those behind the median, from the second round on', async (t) => {
  const { trials } = await searched(specOf({ method: 'random' }), nothing, { seed: 1, workers: 3 })
  const pruned = trials.filter(({ outcome }) => outcome.state === 'pruned')
  t.ok(pruned.length > 3)
  t.ok(pruned.every(({ number }) => number >= 4))
  const best = Math.max(...trials.flatMap(({ outcome }) => (outcome.state === 'completed' ? [outcome.value] : [])))
  t.ok(pruned.every(({ parameters }) => backtest(parameters, { from: 0, to: 1 }, []).outcome.state === 'completed'))
  t.ok(
    pruned.every(({ parameters }) => {
      const { outcome } = backtest(parameters, { from: 0, to: 1 }, [])
      return outcome.state === 'completed' && outcome.value < best
    }),
    'the best is not among them',
  )
})

t.test('a window without a trial that may be recommended is not judged', async (t) => {
  const spec = specOf({ walkForward: { windows: 2, trainShare: 0.6, kind: 'rolling' }, trials: 4 })
  const failing: FinishedTrial[] = []
  await runSearch(planOf(spec), nothing, {
    attempt: async () => ({ outcome: { state: 'failed', error: 'no' }, figures: null, curve: [] }),
    finished: async (trial) => void failing.push(trial),
    tested: () => Promise.reject(new Error('nothing to judge')),
  })
  t.equal(failing.length, 8)
})
