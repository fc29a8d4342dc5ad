import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { contractProblems } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { ownController } from './testing/controllers.ts'
import { answerAsMarketData, minuteRows, minutesCsv, specFile } from './testing/market.ts'
import { backtestingReplicas } from './testing/replicas.ts'
import { bollinger, FIRST, good, LAST, own, ROWS, request, slowly, submitTo, taskWhen } from './testing/requests.ts'

/** The original with the same configuration and candles. */
const original = z
  .object({ results: z.record(z.string(), z.unknown()), features_columns: z.array(z.string()) })
  .optional()
  .parse(specFile('bollinger_v1_1m_10000.json'))
const members = z.record(z.string(), z.unknown())
const answered = z.object({
  executors: z.array(z.looseObject({ type: z.string(), config: members, custom_info: members })),
  processed_data: members,
  results: members,
})

const isJson = { 'content-type': 'application/json' }
t.test('backtests over real sockets', { timeout: 240_000 }, async (t) => {
  const controller = (name: string, decide: string, before?: string) => ({
    [`bots/controllers/generic/${name}.ts`]: ownController(name, decide, before),
  })
  const { nats, start } = await backtestingReplicas(t, {
    'bots/conf/controllers/stored.yml': Object.entries(bollinger)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
      .join('\n'),
    'bots/conf/controllers/broken.yml': 'a: [1',
    'bots/conf/controllers/circle.yml': 'a: &a [*a]',
    'secret.yml': 'controller_name: x',
    ...controller('quiet', ''),
    ...controller('hungry', 'keep.push(new Array(10_000).fill(n))', 'const keep: number[][] = []'),
    ...controller('throwing', "if (n === 7) throw new RangeError('row ' + n)"),
    ...controller('unkept', "throw new Error('nothing \\0 \\ud800')"),
    ...controller('reading', '', "import { readFileSync } from 'node:fs'\nreadFileSync('/etc/hostname')"),
    ...controller('calling', "fetch('http://127.0.0.1:1')"),
    ...controller('spawning', "process.getBuiltinModule('child_process').execSync('true')"),
    ...controller('importing', "import('node:net')"),
    ...controller('slow', slowly),
  })
  const market = await answerAsMarketData(nats, minuteRows(ROWS))
  const replica = await start('one', {
    BACKTEST_WORKERS: '1',
    BACKTEST_MEMORY_MB: '128',
  })
  const run = (body: unknown) => replica.post('/backtesting/run', body)
  const submit = (body: unknown, to = replica): Promise<string> => submitTo(to, body)
  const until = (id: string, wanted: readonly string[]) => taskWhen(replica, id, wanted)
  const detail = (reply: { readonly body: unknown }) =>
    z.object({ detail: z.array(z.looseObject({ loc: z.array(z.unknown()), msg: z.string() })) }).parse(reply.body)
      .detail

  let answer = ''
  let figures: Readonly<Record<string, unknown>> = {}
  await t.test('at once: the figures of the original, in the shape of the contract', async (t) => {
    const reply = await run(good)
    answer = reply.text
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('content-encoding'), 'gzip')
    t.same(contractProblems('post', '/backtesting/run', reply.body), [])
    figures = answered.parse(reply.body).results
    t.ok(Number(figures.total_executors) > 50)
    if (original === undefined) return t.comment('what the original did is not beside this checkout')
    t.same(Object.keys(figures), Object.keys(original.results))
    for (const [name, value] of Object.entries(original.results))
      if (typeof value === 'number') {
        const ours = Number(figures[name])
        t.ok(Math.abs(ours - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${name}: ${ours}, not ${value}`)
      } else t.same(figures[name], value, name)
    const { executors, processed_data: processed } = answered.parse(reply.body)
    const sample = answered.parse(specFile('../executors/golden/rest_backtest_response_sample.json'))
    const asked = sample.executors.find(({ type }) => type === 'position_executor')
    for (const member of ['config', 'custom_info'] as const)
      t.same(Object.keys(executors[0]?.[member] ?? {}), Object.keys(asked?.[member] ?? {}), member)
    t.same(Object.keys(executors[0] ?? {}), Object.keys(asked ?? {}), 'the members of an executor, in their order')
    t.same(Object.keys(processed), original.features_columns)
  })

  await t.test('the same again, byte for byte, without asking for its candles again', async (t) => {
    const asked = market.asked()
    t.equal((await run(good)).text === answer, true)
    const plain = await fetch(`${replica.url}/backtesting/run`, {
      method: 'POST',
      headers: { ...replica.edgeHeaders, ...isJson, 'accept-encoding': 'identity' },
      body: JSON.stringify(good),
    })
    t.equal(plain.headers.get('content-encoding'), null)
    t.equal((await plain.text()) === answer, true, 'not compressed as well')
    t.equal(market.asked(), asked)
  })

  await t.test('a stored configuration by its name', async (t) => {
    t.equal((await run({ ...request, config: 'stored' })).text === answer, true)
    t.equal((await run({ ...request, config: 'stored.yml' })).text === answer, true)
    t.match(await run({ ...request, config: 'nope.yml' }), {
      status: 404,
      body: { detail: "Controller configuration 'nope' not found" },
    })
    t.match(await run({ ...request, config: 'broken' }), { status: 400, body: { detail: /'broken' is malformed/ } })
    for (const name of ['../../../secret', '..', '/etc/passwd', 'a/b', '', '.'])
      t.match(await run({ ...request, config: name }), { status: 400, body: { detail: /is no name of/ } }, name)
  })

  await t.test('the older forms', async (t) => {
    const ask = (body: unknown) => replica.post('/backtesting/run-backtesting', body)
    t.equal((await ask(good)).text === answer, true)
    t.equal((await ask({ config: good })).text === answer, true, 'everything under config')
    t.equal((await ask({ config: { ...request, ...bollinger } })).text === answer, true, 'beside the fields')
    t.match(await ask({ config: { ...request, ...bollinger, start_time: 'x' } }), {
      status: 422,
      body: { detail: [{ type: 'int_parsing', loc: ['body', 'start_time'], input: 'x' }] },
    })
  })

  await t.test('every wrong field is named', async (t) => {
    const wrong = await run({ ...request, config: { ...bollinger, bb_length: 'long', stop_loss: 'x', nope: 1 } })
    t.equal(wrong.status, 422)
    t.same(
      detail(wrong)
        .map(({ loc }) => loc.join('.'))
        .sort(),
      ['body.config.bb_length', 'body.config.nope', 'body.config.stop_loss'],
    )
    const empty = await run({ ...request, config: {} })
    t.equal(empty.status, 422)
    t.same(
      detail(empty).map(({ loc, msg }) => [loc.at(-1), msg]),
      [
        ['controller_type', 'Field required'],
        ['controller_name', 'Field required'],
      ],
    )
    const unkept = await replica.post('/backtesting/tasks', { ...good, config: { ...bollinger, id: 'a\0' } })
    t.same([unkept.status, detail(unkept).map(({ loc }) => loc)], [422, [['body', 'config', 'id']]])
    t.equal((await replica.get('/backtesting/tasks')).status, 200)
    const times = await run({ ...good, start_time: LAST, end_time: FIRST, backtesting_resolution: '7x' })
    t.same(
      detail(times).map(({ loc }) => loc.at(-1)),
      ['end_time', 'backtesting_resolution'],
    )
    t.same(detail(await run({ ...good, end_time: FIRST + 365 * 86_400 * 3 }))[0]?.loc, ['body', 'end_time'])
    t.equal((await run({ ...request })).status, 422)
    t.same(
      (await replica.post('/backtesting/tasks', { ...request, config: { ...bollinger, bb_length: 0.5 } })).status,
      422,
    )
    const ours = await run(own('quiet', { size: 'much', least: -1 }))
    t.same(
      detail(ours).map(({ loc }) => loc.at(-1)),
      ['size', 'least'],
      'of a user’s own controller as well',
    )
  })

  await t.test('what holds itself, or too much in itself, is refused by all who take a configuration', async (t) => {
    // A worker’s message of so many levels could not be read.
    const deep = '['.repeat(2_000) + ']'.repeat(2_000)
    const parameters = { bb_length: [20, 30] }
    for (const name of ['run', 'run-backtesting', 'tasks', 'optimize']) {
      const ask = (config: unknown) =>
        replica.post(
          `/backtesting/${name}`,
          JSON.stringify({ ...request, parameters, config }).replace('"deep"', () => deep),
        )
      t.match(await ask('circle'), { status: 400, body: { detail: /'circle' is malformed/ } }, name)
      const body = { detail: 'There was an error parsing the body' }
      t.match(await ask('deep'), { status: 400, body }, name)
      t.match(await ask({ ...bollinger, nested: 'deep' }), { status: 400, body }, name)
      t.match(await ask(own('quiet', { size: 'deep' }).config), { status: 400, body }, name)
    }
  })

  await t.test('unknown controllers, missing candles', async (t) => {
    const nobody = { ...request, config: { ...bollinger, controller_name: 'nope' } }
    t.match(await run(nobody), {
      status: 404,
      body: { detail: "Controller 'nope' of type 'directional_trading' not found" },
    })
    t.equal((await replica.post('/backtesting/tasks', nobody)).status, 404)
    t.equal((await run({ ...request, config: { controller_type: '../x', controller_name: '../../y' } })).status, 404)
    const early = await run({ ...good, start_time: FIRST - 3_600 })
    t.equal(early.status, 400)
    t.match(early.body, { detail: /are missing.*Stored: 2025-01-01T00:00:00\.000Z to 2025-01-07T22:40:00\.000Z/ })
  })

  await t.test('a user’s own controller runs, and breaks nothing but itself', async (t) => {
    const ran = await run(own('quiet'))
    t.match(ran.body, { executors: [], results: { close_types: 0, total_executors: 0 } })
    const cases: readonly (readonly [string, RegExp])[] = [
      ['hungry', /^Controller generic\/hungry took more memory than a backtest may have$/],
      ['throwing', /^Controller generic\/throwing failed: RangeError: row 7 \(at generic\/throwing\.ts:\d+:\d+\)$/],
      ['reading', /cannot be loaded: a controller cannot import 'node:fs', only '@colibri\/strategy' and 'zod'/],
      ['calling', /^Controller generic\/calling failed: ReferenceError: fetch is not defined/],
      [
        'importing',
        /^The backtest of generic\/importing broke off: its process ended with Error: a controller cannot import 'node:net'/,
      ],
      ['spawning', /^Controller generic\/spawning failed: ReferenceError: process is not defined/],
    ]
    for (const [name, why] of cases) t.match(await run(own(name)), { status: 200, body: { error: why } }, name)
    const id = await submit(own('throwing'))
    t.match(await until(id, ['failed', 'completed']), { status: 'failed', error: /RangeError: row 7/ })
    const unloadable = await submit(own('reading'))
    t.match(await until(unloadable, ['failed', 'completed']), { status: 'failed', error: /cannot import 'node:fs'/ })
    const unkept = await submit(own('unkept'))
    t.match(await until(unkept, ['failed', 'completed']), { status: 'failed', error: /nothing \u{FFFD}/u })
    t.equal((await run(good)).text === answer, true, 'the next one runs as ever')
  })

  await t.test('candles with the request', async (t) => {
    const nowhere = {
      ...bollinger,
      connector_name: 'nowhere',
      candles_connector: 'nowhere',
      trading_pair: 'X-Y',
      candles_trading_pair: 'X-Y',
    }
    const series = { connector: 'nowhere', trading_pair: 'X-Y', interval: '1m' }
    const csv = minutesCsv(3_000)
    const rows = minuteRows(3_000).map((row) => row.slice(0, 6))
    const end = FIRST + 2_999 * 60
    const ask = (candles: object) =>
      run({ ...request, end_time: end, config: nowhere, candles: [{ ...series, ...candles }] })
    const zipped = await ask({ csv_gz: gzipSync(csv).toString('base64') })
    t.ok(Number(answered.parse(zipped.body).results.total_executors) > 10)
    t.equal((await ask({ csv })).text === zipped.text, true)
    t.equal((await ask({ rows })).text === zipped.text, true)
    t.same(detail(await ask({ csv, rows }))[0]?.loc, ['body', 'candles', 0])
    t.match(detail(await ask({ rows: rows.toReversed() }))[0]?.msg, /give the oldest first/)
    t.match(detail(await ask({ csv: 'time,open\n1,2' }))[0]?.msg, /no column high, low, close, volume/)
    const given = { ...request, end_time: end, config: nowhere }
    t.match(
      detail(
        await run({
          ...given,
          candles: [
            { ...series, rows },
            { ...series, csv },
          ],
        }),
      ),
      [{ loc: ['body', 'candles', 1], msg: /the same series as candles 0$/ }],
      'which one is meant?',
    )
    t.match(await run({ ...given, start_time: 60, end_time: 120, candles: [{ ...series, csv }] }), {
      status: 400,
      body: {
        detail:
          /that came with the request go from 1735689600 \(2025-01-01T00:00:00\.000Z\) to 1735869600 \(2025-01-03T02:00:00\.000Z\)/,
      },
    })
    const id = await submit({ ...request, end_time: end, config: nowhere, candles: [{ ...series, csv }] })
    t.match(await until(id, ['failed', 'completed']), { status: 'completed' })
    const stored = await replica.get(`/backtesting/tasks/${id}`)
    t.ok(stored.text.endsWith(`"result":${zipped.text}}`), 'the task has the same answer')
  })

  let first = ''
  await t.test('a task from its beginning to its end', async (t) => {
    first = await submit(good)
    await until(first, ['completed', 'failed'])
    const { body, text } = await replica.get(`/backtesting/tasks/${first}`)
    t.same(contractProblems('get', '/backtesting/tasks/{task_id}', body), [])
    t.match(body, { task_id: first, status: 'completed', error: null, config: good })
    t.ok(text.endsWith(`"result":${answer}}`), 'the same as at once, byte for byte')
    t.equal((await replica.get(`/backtesting/results/${first}`)).text, text)
    const { results } = z.object({ results: z.unknown() }).parse(JSON.parse(answer))
    t.same((await replica.get(`/backtesting/metrics/${first}`)).body, results)
    const list = await replica.get('/backtesting/tasks')
    t.same(contractProblems('get', '/backtesting/tasks', list.body), [])
    t.notOk(list.text.includes('"result"'))
    t.match(z.array(z.unknown()).parse(list.body).at(-1), { task_id: first, status: 'completed', error: null })
  })

  await t.test('its report and its tables', async (t) => {
    const ask = async (what: string, id = first) => {
      const response = await fetch(`${replica.url}/backtesting/tasks/${id}/${what}`, { headers: replica.edgeHeaders })
      return { status: response.status, headers: response.headers, text: await response.text() }
    }
    const page = await ask('report')
    t.equal(page.status, 200)
    t.match(page.headers.get('content-type'), /^text\/html/)
    t.match(page.headers.get('content-security-policy'), /default-src 'none'.*sandbox allow-scripts allow-downloads/)
    t.ok(page.text.includes(`<data data-key="net_pnl_quote" value="${figures.net_pnl_quote}"`))
    t.ok(page.text.endsWith('</html>\n'))
    const { executors } = z.object({ executors: z.array(z.looseObject({ id: z.string() })) }).parse(JSON.parse(answer))
    const csv = await ask('executors.csv')
    t.match(csv.headers.get('content-type'), /^text\/csv/)
    t.equal(csv.headers.get('content-disposition'), `attachment; filename="backtest-${first}-executors.csv"`)
    t.same(
      csv.text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
      executors.map(({ id }) => id),
    )
    t.match(JSON.parse((await ask('executors.json')).text)[0], { id: executors[0]?.id, close_type: 'TIME_LIMIT' })
    const equity = (await ask('equity.csv')).text.trim().split('\n')
    t.match(equity[0], /^timestamp,executor_realized_pnl,.*,total_pnl,executor_unrealized_pnl,drawdown,/)
    const rows = z.array(z.looseObject({ total_pnl: z.number() })).parse(JSON.parse((await ask('equity.json')).text))
    t.equal(rows.length, equity.length - 1)
    t.ok(Math.abs((rows.at(-1)?.total_pnl ?? 0) - Number(figures.net_pnl_quote)) < 1e-9)

    for (const what of ['report', 'executors.csv', 'executors.json', 'equity.csv', 'equity.json']) {
      t.match(await ask(what, 'nope'), { status: 404, text: '{"detail":"Task nope not found"}' })
    }
    const { paths } = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse((await replica.get('/openapi.json')).body)
    for (const what of ['report', 'executors.csv', 'executors.json', 'equity.csv', 'equity.json'])
      t.ok(`/backtesting/tasks/{task_id}/${what}` in paths, `the edge is told of ${what}`)
    const failing = await submit(own('throwing'))
    await until(failing, ['failed'])
    t.match(await ask('report', failing), {
      status: 409,
      text: `{"detail":"Task ${failing} is failed: only a completed one has a result"}`,
    })
  })

  await t.test('what is not there', async (t) => {
    const unknown = { status: 404, body: { detail: 'Task nope not found' } }
    for (const path of ['tasks', 'results', 'metrics']) t.match(await replica.get(`/backtesting/${path}/nope`), unknown)
    t.match(await replica.remove('/backtesting/tasks/nope'), unknown)
    const id = await submit(own('throwing'))
    await until(id, ['failed'])
    t.match(await replica.get(`/backtesting/metrics/${id}`), { status: 404, body: { detail: /it is failed$/ } })
  })

  await t.test('a task that is deleted while it runs ends, and the next one has its place', async (t) => {
    const slow = await submit(own('slow'))
    await until(slow, ['running'])
    const next = await submit(good)
    t.same((await replica.remove(`/backtesting/tasks/${slow}`)).body, { status: 'deleted', task_id: slow })
    t.equal((await replica.get(`/backtesting/tasks/${slow}`)).status, 404)
    t.match(await until(next, ['completed', 'failed']), { status: 'completed' })
  })

  await t.test('a client that leaves takes its backtest along', async (t) => {
    const leaving = new AbortController()
    const asked = fetch(`${replica.url}/backtesting/run`, {
      method: 'POST',
      headers: { ...replica.edgeHeaders, ...isJson },
      body: JSON.stringify(own('slow')),
      signal: leaving.signal,
    })
    await sleep(200)
    leaving.abort()
    await t.rejects(asked)
    t.equal((await run(good)).text === answer, true)
  })

  await t.test('on four workers, and on another replica: the same bytes', async (t) => {
    const two = await start('two', { BACKTEST_WORKERS: '4' })
    const ids = await Promise.all(Array.from({ length: 4 }, () => submit(good, two)))
    for (const id of ids) {
      await until(id, ['completed', 'failed'])
      t.ok((await two.get(`/backtesting/tasks/${id}`)).text.endsWith(`"result":${answer}}`))
    }
    await two.stop()
  })

  await t.test('fifty tasks are remembered, the oldest finished ones make room', async (t) => {
    const ids = async () =>
      z
        .array(z.looseObject({ task_id: z.string() }))
        .parse((await replica.get('/backtesting/tasks')).body)
        .map(({ task_id: id }) => id)
    // These fail for want of candles.
    const failing = { ...good, start_time: FIRST - 3_600 }
    while ((await ids()).length < 50) await until(await submit(failing), ['failed'])
    const before = await ids()
    const newest = await submit(failing)
    await until(newest, ['failed'])
    const after = await ids()
    t.equal(after.length, 50)
    t.same(before.filter((id) => !after.includes(id)).length, 1, 'one has made room')
    t.equal((await replica.remove(`/backtesting/tasks/${newest}`)).status, 200)
    t.same(
      await ids(),
      after.filter((id) => id !== newest),
    )
  })
})
