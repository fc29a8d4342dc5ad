import { once } from 'node:events'
import {
  type OptimisationSpec,
  type OptimiseDetail,
  optimisationSpec,
  optimisationStream,
  optimiseDetail,
  optimiseSubmitted,
  optimiseSummary,
  trialStream,
} from '@colibri/contracts'
import { type DomainEvent, openPostgresLog, randomEventId } from '@colibri/event-log'
import { isEligible, type Outcome, rank, type Trial } from '@colibri/strategy'
import type { Replica } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { backtestingReplicas } from '../testing/replicas.ts'
import { plainBollinger } from '../testing/requests.ts'
import { BEGIN, someCandles } from '../testing/some-candles.ts'

const ROWS = 12_000
const candles = someCandles(ROWS, 1)
const config = {
  ...plainBollinger,
  id: 'optimised',
  bb_length: 50,
  bb_std: 2,
  stop_loss: 0.01,
  take_profit: 0.005,
  time_limit: 1_800,
}
const request = {
  start_time: BEGIN,
  end_time: BEGIN + (ROWS - 1) * 60,
  candles: [candles],
  config,
}
/** All that makes a search depend on its own past: guided, pruned, constrained, and in windows. */
const hard = {
  ...request,
  parameters: {
    bb_length: { min: 10, max: 120, step: 5 },
    bb_std: { min: 0.5, max: 3 },
    take_profit: { min: 0.001, max: 0.02, scale: 'log' },
    max_executors_per_side: [1, 2, 3],
  },
  method: 'bayesian',
  trials: 26,
  seed: 3,
  objective: 'net_pnl_quote - 0.1 * total_fees_quote',
  constraints: ['total_positions >= 5', 'max_drawdown_pct >= -0.5'],
  pruning: { after: 0.3, trials: 4 },
  walk_forward: { windows: 2, train_share: 0.7 },
}

/** A user's own, which breaks when it is asked for a size of two. */
const fragile = `
import { controllerConfig, decimal, field, GENERIC } from '@colibri/strategy'
export default {
  name: 'fragile',
  type: 'generic',
  schema: controllerConfig('fragile', GENERIC, { size: field(decimal, '1') }),
  markets: () => [{ connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' }],
  start: (config: { readonly size: number }) => () => {
    if (config.size === 2) throw new Error('two is too much')
    return []
  },
}
`
const bed = await backtestingReplicas(t, { 'bots/controllers/generic/fragile.ts': fragile })
const log = await openPostgresLog({ url: bed.databaseUrl })
t.teardown(() => log.close())

const submit = async (service: Replica, body: object): Promise<string> => {
  const { status, body: reply } = await service.post('/backtesting/optimize', body)
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(reply)}`)
  return optimiseSubmitted.parse(reply).optimization_id
}
const detail = async (service: Replica, id: string, query = 'limit=1000'): Promise<OptimiseDetail> =>
  optimiseDetail.parse((await service.get(`/backtesting/optimize/${id}?${query}`)).body)
const until = async (service: Replica, id: string, reached: (seen: OptimiseDetail) => boolean) => {
  for (;;) {
    const seen = await detail(service, id)
    if (reached(seen)) return seen
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const over = (service: Replica, id: string) =>
  until(service, id, ({ status }) => !['pending', 'running'].includes(status))
/** What must not depend on who ran it, and when. */
const found = ({ trials, windows, out_of_sample, best, best_config, progress }: OptimiseDetail): string =>
  JSON.stringify({ trials, windows, out_of_sample, best, best_config, progress }, null, 1)

let service = await bed.start('one', { BACKTEST_WORKERS: '1' })
let uninterrupted = ''

t.test('a grid: every combination, the best first', async (t) => {
  const parameters = { bb_length: [20, 60, 100], bb_std: { min: 1, max: 2, step: 0.5 } }
  const id = await submit(service, { ...request, parameters, objective: 'sharpe_ratio' })
  const seen = await over(service, id)
  t.match(seen, {
    status: 'completed',
    method: 'grid',
    direction: 'maximize',
    progress: { trials: 9, finished: 9, completed: 9, pruned: 0, failed: 0, done: 1 },
    windows: [{ window: 0, finished: 9, test: null }],
    pagination: { total_count: 9, has_more: false },
  })
  t.same(
    seen.trials.map(({ rank: place }) => place),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  const values = seen.trials.map(({ value }) => value ?? Number.NaN)
  t.same(
    values,
    values.toSorted((a, b) => b - a),
  )
  t.ok(new Set(values).size > 1, 'the parameters matter')
  t.same(seen.best, seen.trials[0])
  t.match(seen.best_config, { ...config, ...seen.best?.parameters })

  const { body } = await service.post('/backtesting/run', { ...request, config: seen.best_config })
  const { results } = z.object({ results: z.record(z.string(), z.unknown()) }).parse(body)
  t.match(results, seen.best?.results ?? {}, 'a backtest by itself gives the same figures')

  const page = await detail(service, id, 'limit=4&offset=4')
  t.same(page.trials, seen.trials.slice(4, 8))
  t.match(page.pagination, { limit: 4, offset: 4, total_count: 9, has_more: true })
  t.match(await service.get(`/backtesting/optimize/${id}?window=99999999999`), {
    status: 422,
    body: { detail: [{ loc: ['query', 'window'], msg: 'Input should be less than or equal to 2147483647' }] },
  })
  const listed = z.array(optimiseSummary).parse((await service.get('/backtesting/optimize')).body)
  t.match(listed, [{ optimization_id: id, status: 'completed', best: { value: seen.best?.value } }])
})

t.test('a wrong search is refused before anything runs, with the name of the field', async (t) => {
  const refused = async (body: object) => {
    const { status, body: reply } = await service.post('/backtesting/optimize', { ...request, ...body })
    t.equal(status, 422)
    const item = z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })
    return z
      .object({ detail: z.array(item) })
      .parse(reply)
      .detail.map(({ loc, msg }) => `${loc.join('/')}: ${msg}`)
  }
  t.match(await refused({}), ['body/parameters: Field required'])
  t.match(await refused({ parameters: { bb_length: [] }, objective: 'profit', constraints: ['x > 1'] }), [
    /^body\/parameters\/bb_length: .*lists no value/,
    /^body\/objective: .*'profit' is no metric; there are net_pnl/,
    /^body\/constraints\/0: .*'x' is no metric/,
  ])
  t.match(await refused({ parameters: { controller_name: ['bollinger_v1', 'bollinger_v2'] } }), [
    /^body\/parameters\/controller_name: .*a search is of one controller$/,
  ])
  t.match(await refused({ parameters: { bb_lenght: [20] } }), [/^body\/parameters\/bb_lenght: /])
  t.match(await refused({ parameters: { 'trailing_stop.delta': [0.1] } }), [
    /^body\/parameters\/trailing_stop\.delta: /,
  ])
  t.match(await refused({ parameters: { bb_length: [20, 'many'] } }), [/^body\/parameters\/bb_length: .*integer/])
  t.match(await refused({ parameters: { cooldown_time: { min: -1, max: 9 } }, method: 'bayesian' }), [
    /^body\/parameters\/cooldown_time: /,
  ])
  t.match(await refused({ parameters: { interval: ['1m', 'soon'] } }), [
    /^body\/parameters\/interval: .*an interval is/,
  ])
  t.match(await refused({ parameters: { interval: ['1m', '1s'] } }), [
    /^body\/end_time: .*candles of 1s; .* at most 600000/,
  ])
  const wide = { min: 1, max: 200, step: 1 }
  t.match(await refused({ parameters: { bb_length: wide, cooldown_time: wide } }), [
    /^body\/parameters: .*makes 40000 combinations; a grid has 10000/,
  ])
  const brief = { end_time: BEGIN + 399 * 60, walk_forward: { windows: 50 } }
  t.match(await refused({ parameters: { bb_length: [20] }, ...brief }), [
    /^body\/walk_forward\/windows: .*400 candles make 50 windows of 16 to train and 7 to test/,
  ])
  t.match(await refused({ parameters: { bb_length: [20] }, walk_forward: { windows: 0 } }), [
    /^body\/walk_forward\/windows: /,
  ])
  t.match(await refused({ parameters: { bb_length: [20] }, constraints: ['net_pnl_quote > 1e400'] }), [
    /^body\/constraints\/0: .*the bound 1e400 of .* is no finite number$/,
  ])
  const nonsense = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x${index}`, wide]))
  t.match(await refused({ parameters: nonsense }), [/^body\/parameters: .*names 3000 fields; 50 are the most$/])
})

t.test('one worker: searched in windows, guided, and pruned', async (t) => {
  const seen = await over(service, await submit(service, hard))
  uninterrupted = found(seen)
  t.match(seen, { status: 'completed', progress: { trials: 52, finished: 52, failed: 0 } })
  t.ok(seen.progress.pruned > 0, `${seen.progress.pruned} trials were ended early`)
  t.ok(seen.trials.every(({ state, progress }) => state !== 'pruned' || (progress >= 0.3 && progress < 1)))
  t.ok(
    seen.trials.every(({ number, state }) => number >= 8 || state !== 'pruned'),
    'the first round has nothing to compare with',
  )
  for (const { train, test, best, finished } of seen.windows) {
    t.equal(finished, 26)
    t.equal(test?.start_time, train.end_time + 60)
    t.same(test?.result?.parameters, best?.parameters)
  }
  t.match(seen.out_of_sample, { tests: 2 })
  t.equal(seen.windows[1]?.test?.end_time, request.end_time)
})

t.test('elements of a list, and a controller of a user that breaks in one trial', async (t) => {
  const maker = {
    id: 'maker',
    controller_type: 'market_making',
    controller_name: 'pmm_simple',
    connector_name: 'binance_perpetual',
    trading_pair: 'BTC-USDT',
    total_amount_quote: 1_000,
    buy_spreads: '0.001,0.002',
    sell_spreads: [0.001, 0.002],
    buy_amounts_pct: '1,1',
    sell_amounts_pct: '1,1',
  }
  const spreads = { 'buy_spreads.1': [0.003, 0.004], 'sell_spreads[0]': [0.0005] }
  const short = { ...request, end_time: BEGIN + 1_999 * 60 }
  const listed = await over(service, await submit(service, { ...short, config: maker, parameters: spreads }))
  t.match(listed, { status: 'completed', progress: { completed: 2, failed: 0 } })
  t.match(listed.best_config, { buy_spreads: /^0\.001,0\.00[34]$/, sell_spreads: [0.0005, 0.002] })

  const own = { id: 'own', controller_type: 'generic', controller_name: 'fragile', total_amount_quote: 100 }
  const seen = await over(service, await submit(service, { ...short, config: own, parameters: { size: [1, 2, 3] } }))
  t.match(seen, { status: 'completed', progress: { completed: 2, failed: 1 } })
  t.match(seen.trials.at(-1), { rank: 3, number: 1, state: 'failed', error: /two is too much/, value: null })
})

t.test('rows are ranked as trials are', async (t) => {
  const outcomes: readonly Outcome[] = [
    { state: 'failed', error: 'x' },
    { state: 'completed', value: 9, broken: ['x'], distance: 0.5 },
    { state: 'pruned', progress: 0.3, pnlQuote: 5 },
    { state: 'completed', value: -3, broken: [], distance: 0 },
    { state: 'completed', value: 2, broken: [], distance: 0 },
    { state: 'pruned', progress: 0.5, pnlQuote: -1 },
    { state: 'completed', value: 99, broken: ['x'], distance: 1.5 },
    { state: 'completed', value: 2, broken: [], distance: 0 },
    { state: 'pruned', progress: 0.3, pnlQuote: 6 },
    { state: 'completed', value: 100, broken: ['x'], distance: 0 },
    { state: 'failed', error: 'y' },
  ]
  const trials = outcomes.map((outcome, number): Trial => ({ number, parameters: { number }, outcome }))
  for (const direction of ['maximize', 'minimize'] as const) {
    const spec: OptimisationSpec = {
      backtest: {
        startTime: 0,
        endTime: 1,
        resolution: '1m',
        tradeCost: 0,
        mode: 'hummingbot',
        config,
        configName: null,
        uploads: [],
      },
      parameters: { number: [1] },
      method: 'grid',
      trials: 11,
      seed: 0,
      round: 8,
      objective: 'net_pnl',
      direction,
      constraints: [],
      pruning: null,
      walkForward: null,
    }
    const life = [
      { type: 'OptimisationSubmitted', data: { optimisationId: direction, spec, trials: 11 } },
      { type: 'OptimisationCancelled', data: {} },
    ]
    const ended = trials.map(({ number, parameters, outcome }) => ({
      type: 'TrialFinished',
      data: { window: 0, number, parameters, outcome, figures: null, curve: [] },
    }))
    const metadata = { correlationId: 'test', causationId: 'test', actor: 'user:test', time: 1 }
    const append = (stream: string, events: readonly DomainEvent[]) =>
      log.append(
        stream,
        events.map((event) => ({ id: randomEventId(), schemaVersion: 1, metadata, ...event })),
        'none',
      )
    await append(optimisationStream(direction), life)
    await append(trialStream(direction), ended)
    const ranked = rank(trials, direction)
    const seen = await detail(service, direction)
    t.same(
      seen.trials.map(({ number }) => number),
      ranked.map(({ number }) => number),
    )
    t.equal(seen.best?.number, ranked.find(isEligible)?.number)
    t.match(seen.progress, { finished: 11, completed: 6, pruned: 3, failed: 2 })
  }
})

t.test('cancelled, it ends and keeps what it found; asked again, it is forgotten', async (t) => {
  const parameters = { bb_length: { min: 5, max: 200, step: 1 }, bb_std: { min: 1, max: 3 } }
  const id = await submit(service, { ...request, parameters, method: 'random', trials: 5_000 })
  await until(service, id, ({ progress }) => progress.finished > 2)
  t.match(await service.remove(`/backtesting/optimize/${id}`), {
    status: 200,
    body: { status: 'cancelled', optimization_id: id },
  })
  const seen = await over(service, id)
  t.equal(seen.status, 'cancelled')
  t.ok(seen.progress.finished < 5_000)
  // The next search finds the workers free.
  const next = await over(service, await submit(service, { ...request, parameters: { bb_length: [20] } }))
  t.equal(next.status, 'completed')
  const { length } = await log.read(trialStream(id))
  await over(service, await submit(service, { ...request, parameters: { bb_length: [20, 30, 40] } }))
  t.equal((await log.read(trialStream(id))).length, length, 'and no trial of the cancelled one runs beside it')
  t.match(await service.remove(`/backtesting/optimize/${id}`), { status: 200, body: { status: 'deleted' } })
  t.match(await service.remove(`/backtesting/optimize/${id}`), {
    status: 404,
    body: { detail: `Optimization ${id} not found` },
  })
  t.equal((await service.get(`/backtesting/optimize/${id}`)).status, 404)
})

t.test('killed in the middle of a round, it goes on with four workers and finds the same to the byte', async (t) => {
  await service.stop()
  const env = { BACKTEST_WORKERS: '4', NODE_ENV: 'test' }
  service = await bed.start('two', { ...env, COLIBRI_FAILPOINT: 'trial 1 11 stored' })
  const ended = once(service.process, 'exit')
  const id = await submit(service, hard)
  t.same(await ended, [null, 'SIGKILL'])
  const before = await log.read(trialStream(id))
  // Of the killed window the first round and this trial.
  t.ok(before.length >= 9 && before.length < 52, `${before.length} trials were stored before`)

  service = await bed.start('three', env)
  const seen = await over(service, id)
  t.equal(found(seen), uninterrupted)
  const stored = await log.read(trialStream(id))
  t.same(stored.slice(0, before.length), before, 'what was stored stays')
  t.equal(stored.filter(({ type }) => type === 'TrialFinished').length, 52, 'no trial is stored twice')
  t.equal(stored.filter(({ type }) => type === 'WindowTested').length, 2)
  t.same(
    (await log.read(optimisationStream(id))).map(({ type }) => type),
    ['OptimisationSubmitted', 'OptimisationStarted', 'OptimisationCompleted'],
  )
})

t.test('a search that an older version took and this one refuses fails with the reason', async (t) => {
  const [submitted] = await log.read(optimisationStream('maximize'))
  const { spec } = z.object({ spec: optimisationSpec }).parse(submitted?.data)
  const metadata = { correlationId: 'test', causationId: 'test', actor: 'user:test', time: 2 }
  const data = { optimisationId: 'old', spec: { ...spec, constraints: ['net_pnl > 1e400'] }, trials: 1 }
  const event = { type: 'OptimisationSubmitted', data, id: randomEventId(), schemaVersion: 1, metadata }
  await log.append(optimisationStream('old'), [event], 'none')
  // A replica that begins looks at once for what nobody runs, where this one has shown that it is there.
  await detail(service, 'old')
  await service.stop()
  service = await bed.start('four', { BACKTEST_WORKERS: '1' })
  t.match(await over(service, 'old'), { status: 'failed', error: /the bound 1e400 of .* is no finite number/ })
})
