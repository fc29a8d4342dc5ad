import { type BacktestSpec, type OptimisationSpec, optimisationSpec } from '@colibri/contracts'
import { ApiError } from '@colibri/service-kit'
import { findController } from '@colibri/strategy'
import t from 'tap'
import type { CheckedRun } from '../runs/prepare-run.ts'
import { plainBollinger } from '../testing/requests.ts'
import { describe } from '../workers/run-job.ts'
import { checkTrials } from './check-trials.ts'
import { planOf } from './search-plan.ts'

const backtest: BacktestSpec = {
  startTime: 0,
  endTime: 86_340,
  resolution: '1m',
  tradeCost: 0,
  mode: 'hummingbot',
  config: { id: 'x', ...plainBollinger },
  configName: null,
  uploads: [],
}
const bollinger = findController('directional_trading', 'bollinger_v1')
if (bollinger === undefined) throw new TypeError('there is no bollinger_v1')
const needs = { kind: 'described', market: { connector_name: 'x', trading_pair: 'y' }, feeds: [] } as const

type Source = CheckedRun['controller']
const standard = { kind: 'standard', type: 'directional_trading', name: 'bollinger_v1' } as const
const own: Source = { ...standard, kind: 'own', source: '' }

/** The configurations that a controller is shown, and what is said to the user: nothing, or the first item of a 422. */
const checked = async (
  parameters: OptimisationSpec['parameters'],
  { controller = standard, method = 'bayesian' }: { controller?: Source; method?: OptimisationSpec['method'] } = {},
) => {
  const shown: BacktestSpec['config'][] = []
  const spec: OptimisationSpec = optimisationSpec.parse({
    backtest,
    parameters,
    method,
    trials: 20,
    seed: 1,
    round: 8,
    objective: 'net_pnl_quote',
    direction: 'maximize',
    constraints: [],
    pruning: null,
    walkForward: null,
  })
  const run: CheckedRun = { spec: backtest, uploads: [], controller, needs }
  const runs = {
    describe: (_: Source, config: BacktestSpec['config']) => {
      shown.push(config)
      return describe(bollinger, config)
    },
    checkWith: async () => run,
  }
  try {
    await checkTrials(runs, run, planOf(spec), method)
  } catch (error) {
    if (error instanceof ApiError) return { shown, said: JSON.stringify(error.detail) }
    throw error
  }
  return { shown, said: undefined }
}
const wide = { min: 1, max: 10_000, step: 1 }

t.test('a field that the controller does not have is found at the first look', async (t) => {
  let texts = 0
  const toJSON = (name: number) => () => {
    texts += 1
    return `v${name}`
  }
  const choices = Array.from({ length: 1_000 }, (_, name) => ({ toJSON: toJSON(name) }))
  for (const misspelt of ['bb_lenght', 'trailing_stop.delta']) {
    texts = 0
    const { shown, said = '' } = await checked({ bb_length: wide, cooldown_time: wide, [misspelt]: choices })
    t.equal(shown.length, 1)
    t.ok(said.includes(`"loc":["body","parameters","${misspelt}"]`), said)
    t.ok(texts < 2_100, `read twice, and hardly any of them written again: ${texts}`)
  }
})

t.test('of more values than are looked at, each field has its share, from end to end', async (t) => {
  const { shown, said } = await checked({ bb_length: wide, cooldown_time: wide, bb_std: [1, 2, 3, 4] })
  t.equal(said, undefined)
  t.ok(shown.length > 9_900 && shown.length <= 10_008, `${shown.length} were looked at`)
  const seen = (field: string) => [...new Set(shown.map((config) => Number(config[field])))].toSorted((a, b) => a - b)
  t.same(seen('bb_std'), [1, 2, 3, 4], 'all of a field that has few')
  for (const field of ['bb_length', 'cooldown_time']) {
    const values = seen(field)
    t.same([values[0], values.at(-1)], [1, 10_000])
    t.ok(Math.max(...values.map((value, index) => value - (values[index - 1] ?? value))) <= 3, `${field} has no gap`)
  }
})

t.test('as many values as are looked at are all looked at', async (t) => {
  const { shown } = await checked({ bb_length: { min: 1, max: 9_900, step: 1 }, bb_std: { min: 1, max: 3 } })
  t.equal(new Set(shown.map(({ bb_length }) => bb_length)).size, 9_900)
  t.ok(shown.some(({ bb_std }) => bb_std === 1) && shown.some(({ bb_std }) => bb_std === 3), 'a range at its ends')
  const { said } = await checked({ bb_length: [...Array(900).keys(), 'many'].map((each) => each || 1_000) })
  t.match(said, /bb_length.*integer/)
})

t.test("a user's own controller is asked a hundred times, of every field", async (t) => {
  const { shown } = await checked({ bb_length: wide, cooldown_time: wide, bb_std: [2] }, { controller: own })
  t.equal(shown.length, 100)
  for (const field of ['bb_length', 'cooldown_time'])
    for (const end of [1, 10_000]) t.ok(shown.some((config) => config[field] === end))
  t.equal((await checked({ bb_length: wide }, { controller: own, method: 'grid' })).shown.length, 100)
})

t.test('every trial of a grid is looked at, once', async (t) => {
  const { shown } = await checked({ bb_length: { min: 1, max: 500, step: 1 }, bb_std: [1, 2] }, { method: 'grid' })
  t.equal(shown.length, 1_000)
  t.equal(new Set(shown.map((config) => JSON.stringify(config))).size, 1_000)
})
