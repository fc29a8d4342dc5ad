import { backtestRequest, optimiseRequest } from '@colibri/contracts'
import { openPostgresLog } from '@colibri/event-log'
import { ApiError, type RequestContext } from '@colibri/service-kit'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { createUploads } from '../candles/uploads.ts'
import { handleOptimisation, optimiseCommands } from '../optimise/optimise-commands.ts'
import { createResultTables } from '../results/result-tables.ts'
import { createStoreResults } from '../results/store-results.ts'
import { createTaskCommands, handleRequest } from '../tasks/task-commands.ts'
import { minuteRows } from '../testing/market.ts'
import { prepareRuns } from './prepare-run.ts'

const FIRST = 1_735_689_600
const ROWS = 600
const END = FIRST + (ROWS - 1) * 60

const bollinger = {
  controller_type: 'directional_trading',
  controller_name: 'bollinger_v1',
  connector_name: 'nowhere',
  trading_pair: 'X-Y',
  candles_connector: 'nowhere',
  candles_trading_pair: 'X-Y',
  interval: '1m',
}
const rows = minuteRows(ROWS).map((row) => row.slice(0, 6))
const upload = (interval: string, given: readonly (readonly number[])[]) => ({
  connector: 'nowhere',
  trading_pair: 'X-Y',
  interval,
  rows: given,
})
const minutes = (from: number, to: number) => upload('1m', rows.slice(from, to))
/** Candles of other intervals have only to be possible ones. */
const every = (seconds: number, first: number, count: number) =>
  Array.from({ length: count }, (_, n) => [first + n * seconds, 2, 3, 1, 2, 5])
const request = { start_time: FIRST, end_time: END, config: bollinger, candles: [minutes(0, ROWS)] }

const database = await testPostgres(t)
const pool = new pg.Pool({ connectionString: database.url })
t.teardown(() => pool.end())
await createResultTables(pool)
const log = await openPostgresLog({ url: database.url })
t.teardown(() => log.close())

const runs = prepareRuns({
  files: {
    config: async () => ({ ...bollinger, controller_type: undefined, bb_length: 20 }),
    controller: async (_, name) => (name === 'broken' ? 'this is no controller' : undefined),
  },
  candles: () => Promise.reject(new ApiError(400, 'the venue has none')),
  rules: async () => undefined,
  uploads: createUploads(pool),
  workers: { describe: async () => ({ kind: 'failed', error: 'it cannot be loaded' }) },
  mostRows: 100_000,
})
const context = (): RequestContext => ({ requestId: 'r', correlationId: 'c', actor: 'user:test' })
const tasks = createTaskCommands({
  handle: handleRequest({ log, now: Date.now }, context),
  prepare: runs,
  queries: { find: async () => undefined, all: async () => [], unfinished: async () => [] },
  results: createStoreResults(pool),
  enqueue: async () => undefined,
  cancelled: () => undefined,
})
const searches = optimiseCommands({
  handle: handleOptimisation(log, context),
  runs,
  queries: { all: async () => [] },
  submitted: () => undefined,
  cancelled: () => undefined,
})

const submit = (body: object) => tasks.submit(backtestRequest.parse(body))
const search = (body: object) =>
  searches.submit(optimiseRequest.parse({ parameters: { bb_length: [20, 30] }, ...body }))
const refusal = async (asked: Promise<unknown>): Promise<ApiError> => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ApiError)) throw error ?? new Error('it was not refused')
  return error
}
const kept = async (): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ id: string }>('select id from backtesting.uploads')
  return rows.map(({ id }) => id)
}

t.test('a request that is refused leaves no candles behind', async (t) => {
  const wrong: readonly (readonly [number, object])[] = [
    [422, { ...request, config: { ...bollinger, bb_length: 'long' } }],
    [422, { ...request, config: { ...bollinger, nope: 1 } }],
    [422, { ...request, config: {} }],
    [422, { ...request, start_time: END, end_time: FIRST }],
    [422, { ...request, backtesting_resolution: '7x' }],
    [422, { ...request, end_time: FIRST + 100_001 * 60 }],
    [422, { ...request, candles: [minutes(0, ROWS), upload('1h', [[FIRST, 1, 2, 3, 4, 5]])] }],
    [404, { ...request, config: { ...bollinger, controller_name: 'nope' } }],
    // Neither range is given: the default one is another.
    [400, { config: bollinger, candles: request.candles }],
    [400, { ...request, end_time: END + 120 }],
  ]
  for (const [n, [status, body]] of wrong.entries()) {
    t.equal((await refusal(submit(body))).status, status, `task ${n}`)
    t.equal((await refusal(search(body))).status, status, `search ${n}`)
  }
  const wrongSearches = [
    { parameters: { bb_length: [] } },
    { parameters: { bb_length: [20, 'many'] } },
    { parameters: { nope: [1] } },
    { objective: 'profit' },
    { end_time: FIRST + 60, walk_forward: { windows: 50 } },
  ]
  for (const body of wrongSearches)
    t.equal((await refusal(search({ ...request, ...body }))).status, 422, JSON.stringify(body))
  t.same(await kept(), [])

  const run = await runs.check(backtestRequest.parse(request))
  t.same([run.spec.uploads, await kept()], [[], []], 'one that runs at once needs none')
  await submit(request)
  const ids = await kept()
  t.equal(ids.length, 1)
  await search(request)
  t.same(await kept(), ids, 'the same candles are kept once')
  const { spec } = await runs.checkAgain(await runs.keep(run))
  t.match(spec.uploads, [{ connectorName: 'nowhere', tradingPair: 'X-Y', interval: '1m', uploadId: ids[0] }])
})

t.test(
  'a task whose controller is broken keeps its candles: the controller may be mended before it runs',
  async (t) => {
    const before = await kept()
    const config = { controller_type: 'generic', controller_name: 'broken' }
    const id = await submit({ ...request, config, candles: [minutes(0, 500)] })
    const [uploadId] = (await kept()).filter((each) => !before.includes(each))
    t.ok(uploadId)
    const [submitted] = await log.read(`backtest-${id}`)
    t.match(submitted, { type: 'BacktestSubmitted', data: { spec: { uploads: [{ uploadId }] } } })
  },
)

t.test('candles that came with a request reach from its beginning to its end', async (t) => {
  const check = (more: object) => runs.check(backtestRequest.parse({ ...request, ...more }))
  const text = async (more: object) => (await refusal(check(more))).detail
  const refused = async (more: object) => t.equal((await refusal(check(more))).status, 400)

  t.equal(
    await text({ start_time: FIRST - 60, end_time: END + 120 }),
    'The backtest is from start_time 1735689540 (2024-12-31T23:59:00.000Z) to end_time 1735725660 (2025-01-01T10:01:00.000Z), ' +
      'but the 1m candles of X-Y on nowhere that came with the request go from 1735689600 (2025-01-01T00:00:00.000Z) ' +
      'to 1735725600 (2025-01-01T10:00:00.000Z): give the candles of all of that time, ' +
      'or a start_time and an end_time that lie within them',
  )
  await refused({ start_time: FIRST - 60 })
  await check({ start_time: FIRST - 59 })
  await refused({ end_time: END + 120 })
  await check({ end_time: END + 119 })
  await check({ end_time: END + 60 })
  await check({ start_time: FIRST + 3_600, end_time: FIRST + 7_200 })
  await refused({ start_time: 60, end_time: 120 })
  t.match(await text({ candles: [upload('1m', [[1e30, 2, 3, 1, 2, 5]])] }), /go from 1e\+27 \(1e\+27 s\) to/)

  await t.test('of every series that is read, and of no other', async (t) => {
    const hourly = { ...bollinger, interval: '1h' }
    const ask = (hours: object) => ({ config: hourly, candles: [minutes(0, ROWS), hours] })
    await check(ask(upload('1h', every(3_600, FIRST, 10))))
    await check(ask(upload('1h', every(3_600, FIRST, 9))))
    await refused(ask(upload('1h', every(3_600, FIRST, 8))))
    await refused(ask(upload('1h', every(3_600, FIRST + 3_600, 9))))
    await check({ ...ask(upload('1h', every(3_600, FIRST + 3_600, 9))), start_time: FIRST + 60 })
    await check({ candles: [minutes(0, ROWS), upload('1h', every(3_600, 60, 2))] })
    t.match(
      await text({ config: hourly, candles: [minutes(1, 60), upload('1h', every(3_600, FIRST, 2))] }),
      /the 1m candles .*2025-01-01T00:01.*, and the 1h candles .*2025-01-01T02:00/,
    )
  })
  await t.test('weeks begin on any day', async (t) => {
    const week = 7 * 86_400
    const monday = 1_735_516_800
    const weeks = { config: { ...bollinger, interval: '1w' }, backtesting_resolution: '1w' }
    const times = { start_time: monday - 86_400, end_time: monday + 5 * week + 86_400 }
    const ask = (first: number, count: number) => ({
      ...weeks,
      ...times,
      candles: [upload('1w', every(week, first, count))],
    })
    t.ok(await check(ask(monday, 5)))
    t.match(await text(ask(monday, 4)), /^The backtest is from/)
    t.match(await text(ask(monday + week, 5)), /^The backtest is from/)
  })
  await t.test('warm-up before the beginning is not asked for', async (t) => {
    const { candles } = await runs.load(await check({ mode: 'realistic' }), 'none')
    t.equal(candles.candles.length, ROWS)
  })
  await t.test('in what is missing in between nothing was traded, as in a file that is imported', async (t) => {
    const holes = upload('1m', [...rows.slice(0, 100), ...rows.slice(300)])
    const { candles } = await runs.load(await check({ candles: [holes] }), 'none')
    t.equal(candles.candles.length, ROWS - 200)
    const within = { start_time: FIRST + 120 * 60, end_time: FIRST + 130 * 60 }
    const nothing = await refusal(runs.load(await check({ candles: [holes], ...within }), 'none'))
    t.match(nothing, { status: 400, detail: /^There are no 1m candles of X-Y on nowhere from 2025-01-01T02:00/ })
  })
  await t.test('a trial that reads others has to have them as well', async (t) => {
    const run = await check({ candles: [minutes(0, ROWS), upload('1h', every(3_600, FIRST, 3))] })
    t.match(await refusal(runs.checkWith(run, { ...bollinger, interval: '1h' })), { status: 400, detail: /the 1h / })
    const needs = await runs.describe(run.controller, { ...run.spec.config, interval: '1h' })
    if (needs.kind !== 'described') throw new Error(needs.kind)
    t.match(await refusal(runs.load({ ...run, needs }, 'none')), { status: 400, detail: /the 1h / })
  })
})

t.test('a warm-up counts where it is loaded, and is the configuration’s doing', async (t) => {
  const long = { ...request, config: { ...bollinger, bb_length: 1_000_000_000 } }
  const check = (body: object) => runs.check(backtestRequest.parse(body))
  t.ok(await check(long))
  const { status, detail } = await refusal(check({ ...long, mode: 'realistic' }))
  t.match(
    { status, detail },
    {
      status: 422,
      detail: [
        {
          loc: ['body', 'config'],
          msg: /^Value error, its indicators look back 1000000\d{3} candles of 1m, before the 599 from start_time to end_time; a backtest takes at most 100000 together$/,
          input: long.config,
        },
      ],
    },
  )
  const late = await refusal(check({ ...long, mode: 'realistic', end_time: FIRST + 100_001 * 60 }))
  t.match(late.detail, [{ loc: ['body', 'end_time'], msg: /there are 100001 candles of 1m/ }])
})

t.test('a refusal shows what was sent, without what is added to it', async (t) => {
  const items = async (config: unknown) => (await refusal(runs.check(backtestRequest.parse({ config })))).detail
  t.match(await items({}), [
    { loc: ['body', 'config', 'controller_type'] },
    { loc: ['body', 'config', 'controller_name'] },
  ])
  const inputs = async (config: unknown) => {
    const detail = await items(config)
    return Array.isArray(detail) ? detail.map(({ input }: { readonly input: unknown }) => input) : detail
  }
  t.strictSame(await inputs({}), [{}, {}])
  t.strictSame(await inputs({ a: 1 }), [{ a: 1 }, { a: 1 }])
  t.strictSame(await inputs('stored'), [{ ...bollinger, controller_type: undefined, bb_length: 20 }])
  t.equal((await runs.check(backtestRequest.parse(request))).spec.config.id, '', 'the controller finds an id')
})
