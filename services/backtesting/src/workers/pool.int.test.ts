import { setTimeout as sleep } from 'node:timers/promises'
import { plainChildren } from '@colibri/testkit'
import t from 'tap'
import { CandleColumns } from '../candles/candle-rows.ts'
import { ownController } from '../testing/controllers.ts'
import { minuteRows } from '../testing/market.ts'
import type { BacktestJob, Series } from './job.ts'
import { createWorkerPool, type PoolOptions } from './pool.ts'

// A worker may read its own code alone, and so none of tap's.
plainChildren()

const ROWS = 2_000
const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' }

const series = (): Series => {
  const columns = new CandleColumns(10)
  for (const row of minuteRows(ROWS)) columns.push(row[0] / 1_000, row)
  return {
    id: 'minutes',
    connector: MARKET.connector_name,
    pair: MARKET.trading_pair,
    interval: '1m',
    candles: columns.done(),
  }
}

const candles = series()
const job = (more: Partial<BacktestJob>): BacktestJob => ({
  controller: { kind: 'standard', type: 'directional_trading', name: 'bollinger_v1' },
  config: {
    id: 'a',
    ...MARKET,
    candles_connector: MARKET.connector_name,
    candles_trading_pair: MARKET.trading_pair,
    interval: '1m',
    bb_length: 20,
  },
  market: MARKET,
  candles,
  feeds: [candles],
  window: { from: candles.candles.timestamp[0] ?? 0, to: candles.candles.timestamp.at(-1) ?? 0 },
  rules: undefined,
  tradeCost: 0.0006,
  mode: 'hummingbot',
  answer: 'none',
  ...more,
})
const own = (name: string, decide: string, before?: string): BacktestJob =>
  job({
    controller: { kind: 'own', type: 'generic', name, source: ownController(name, decide, before) },
    config: { id: '' },
    feeds: [],
  })

const pool = (options: Partial<PoolOptions> = {}) =>
  createWorkerPool({
    purpose: 'answers',
    size: 1,
    memoryMb: 128,
    timeLimitMs: 60_000,
    stallMs: 60_000,
    idleMs: 60_000,
    ...options,
  })

t.test('a controller that never ends is ended, and says so', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const endless = [
    own('loops', 'if (n === 50) for (;;) {}'),
    own('loads', '', 'for (;;) {}'),
    own('catches', 'for (;;) try { for (;;) {} } catch {}'),
  ]
  for (const each of endless)
    t.match(await workers.run({ ...each, timeLimitMs: 500 }), {
      kind: 'failed',
      error: /^Controller generic\/(loops|loads|catches) ran for more than the 0\.5 s that a backtest may take$/,
    })
  t.match(await workers.run(job({})), { kind: 'completed' }, 'the next one runs')
})

t.test('one row that never ends is told from many that take their time', async (t) => {
  const workers = pool({ stallMs: 3_000, timeLimitMs: 300_000 })
  t.teardown(() => workers.close())
  const patient = own('patient', 'const until = Date.now() + 2; while (Date.now() < until) {}')
  const begun = Date.now()
  t.match(await workers.run(patient), { kind: 'completed' })
  t.ok(Date.now() - begun > 3_000, 'all together they take longer than one may')

  const still = (name: string, where: string) => ({
    kind: 'failed',
    error: `Controller generic/${name} stood still for more than 3 s${where}`,
  })
  const loops = own('loops', 'if (n === 50) for (;;) try { for (;;) {} } catch {}')
  t.same(await workers.run(loops), still('loops', ' in row 50, 2025-01-01T00:49:00.000Z'))
  const waits = own('waits', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)')
  t.same(await workers.run(waits), still('waits', ' in row 1, 2025-01-01T00:00:00.000Z'))
  t.match(await workers.run(job({})), { kind: 'completed' }, 'the next one runs')

  const hasty = pool({ stallMs: 500 })
  t.teardown(() => hasty.close())
  t.match(await hasty.run(own('loads', '', 'for (;;) {}')), {
    error: 'Controller generic/loads stood still for more than 2.5 s before its first row',
  })
})

t.test('what one user’s controller leaves behind no other controller meets', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const clean = await workers.run(job({}))
  if (clean.kind !== 'completed') throw new Error(clean.kind)
  const spoilt = own(
    'spoils',
    '',
    'Math.max = () => 0; Float64Array.prototype.fill = () => { throw new Error("spoilt") }',
  )
  await workers.run(spoilt)
  const after = await workers.run(job({}))
  t.same(after.kind === 'completed' && after.summary.results, clean.summary.results)
  t.equal(workers.alive(), 1, 'and there are no more processes than may be')
})

t.test('ways out of a controller are closed', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const said = async (code: string) => {
    const outcome = await workers.run(own('tries', `if (n === 1) throw new Error('result: ' + String(${code}))`))
    return outcome.kind === 'failed' ? outcome.error : outcome.kind
  }
  const names = ['process', 'fetch', 'WebSocket', 'require', 'module', 'global', 'Worker']
  const seen = names.map((name) => `typeof globalThis.${name}, typeof ${name}`).join(', ')
  t.match(
    await said(`new Set([${seen}, (0, eval)('typeof process'), new Function('return typeof process')()]).size`),
    /result: 1/,
  )
  t.match(await said(`typeof process`), /result: undefined/)
  for (const path of ['../../config.js', 'node:vm', 'pg'])
    t.match(
      await workers.run(own('imports', '', `import * as other from '${path}'\nexport const used = other`)),
      { kind: 'failed', error: /a controller cannot import/ },
      path,
    )
})

t.test('an abort ends a run wherever it is', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const [running, waiting] = [new AbortController(), new AbortController()]
  const first = workers.run(own('loops', 'for (;;) {}'), { signal: running.signal, onStart: () => waiting.abort() })
  const second = workers.run(job({}), { signal: waiting.signal })
  t.same(await second, { kind: 'cancelled' }, 'in line')
  running.abort()
  t.same(await first, { kind: 'cancelled' }, 'at work')
  t.same(await workers.run(job({}), { signal: AbortSignal.abort() }), { kind: 'cancelled' }, 'before it began')
  t.match(await workers.run(job({})), { kind: 'completed' })
})

t.test('who cannot take the answer ends the run with its own error', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const onChunk = async (): Promise<void> => {
    throw new Error('the disk is full')
  }
  await t.rejects(workers.run(job({ answer: 'json' }), { onChunk }), { message: 'the disk is full' })
  t.match(await workers.run(job({})), { kind: 'completed' })
})

t.test('workers without work go, and come back', async (t) => {
  const workers = pool({ size: 2, idleMs: 50 })
  t.teardown(() => workers.close())
  const outcomes = await Promise.all([1, 2, 3].map(() => workers.run(job({}))))
  t.same(
    outcomes.map(({ kind }) => kind),
    ['completed', 'completed', 'completed'],
  )
  while (workers.alive() > 0) await sleep(20)
  t.match(await workers.run(job({})), { kind: 'completed' })
  await workers.close()
  t.same(await workers.run(job({})), { kind: 'cancelled' }, 'a closed pool runs nothing')
})

t.test('what a controller cannot decide is told, action by action', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const said = async (decide: string) => {
    const outcome = await workers.run(own('decides', `if (n === 2) return ${decide}`))
    return outcome.kind === 'failed' ? outcome.error : outcome.kind
  }
  const position = `{ type: 'position_executor', connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT', side: 'BUY',
    leverage: 1, entry_price: 1, amount: 1, level_id: null, activation_bounds: null, triple_barrier_config: { stop_loss: 0.01,
    take_profit: null, time_limit: null, trailing_stop: null, open_order_type: 'MARKET', take_profit_order_type: 'MARKET',
    stop_loss_order_type: 'MARKET', time_limit_order_type: 'MARKET' } }`
  t.equal(await said(`[{ type: 'create', executor: ${position} }]`), 'completed')
  const created = (more: string) => `[{ type: 'create', executor: { ...${position}, ${more} } }]`
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['5', /BadAction: it decided a number where a list of actions belongs/],
    ['undefined', /it decided undefined where/],
    ['Promise.resolve([])', /it decided a promise where/],
    ['[null]', /cannot be done: action\.0: /],
    [`[{ type: 'create', executor: null }]`, /action\.0\.executor: /],
    [created(`type: 'nonsense'`), /action\.0\.executor\.type: /],
    [
      created(`entry_price: Number.NaN, amount: '1'`),
      /action\.0\.executor\.entry_price: .*action\.0\.executor\.amount: /,
    ],
    [created('activation_bounds: undefined'), /action\.0\.executor\.activation_bounds: /],
    [created('triple_barrier_config: {}'), /action\.0\.executor\.triple_barrier_config\.stop_loss: /],
    [`[{ type: 'stop', id: 'x', keepPosition: false }]`, /action\.0\.executor: must be one of the active executors/],
  ]
  for (const [decide, why] of wrong) t.match(await said(decide), why, decide)
  t.match(await workers.run(own('waits', '', 'await 1')), {
    kind: 'failed',
    error: 'Controller generic/waits.ts cannot be loaded: it cannot await anything outside of a function',
  })
})

t.test('what a controller says of a configuration is readable, however deep it nests', async (t) => {
  const workers = pool()
  t.teardown(() => workers.close())
  const deep = own('deep', '', 'let deep: object = []\nfor (let n = 0; n < 3_000; n++) deep = [deep]')
  const refusing = `.superRefine((_, context) => {
    const path: never[] = [deep as never]
    context.addIssue({ code: 'custom', message: 'no', path, params: { type: 'deep', ctx: { deep } } })
  })`
  const source = deep.controller.kind === 'own' ? deep.controller.source : ''
  const told = { ...deep.controller, source: source.replace(/^( *schema: .*),$/m, `$1${refusing},`) }
  const outcome = await workers.run({ ...deep, controller: told })
  t.match(outcome, { kind: 'refused', problems: [{ type: 'deep', msg: 'no', path: [''] }] })
  t.notMatch(outcome, { problems: [{ ctx: {} }] })
  t.match(await workers.run(job({})), { kind: 'completed' }, 'the next one runs')
})
