import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const program = fileURLToPath(new URL('golden.js', import.meta.url))

const golden = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return { status, lines: stdout.trim().split('\n'), said: stderr.trim() }
}

/** One bought at 249.9 and sold at 249 on the series that the cases describe by its seed. */
const engineCase = (name: string, realized: number) => ({
  name,
  series: 'rw_b',
  extra_series: {},
  start_time: 1735689600,
  end_time: 1735749540,
  backtesting_resolution: '1m',
  trade_cost: 0.0005,
  controller: {
    total_amount_quote: '1000',
    script: {
      5: [{ action: 'create', type: 'order', id: 'a', side: 'BUY', strategy: 'MARKET', amount: '1' }],
      100: [{ action: 'create', type: 'order', id: 'b', side: 'SELL', strategy: 'MARKET', amount: '1' }],
    },
  },
  expected: {
    results: { position_realized_pnl_quote: realized, close_types: { POSITION_HOLD: 2 } },
    executors: [
      { id: 'a', filled_amount_quote: 249.9 },
      { id: 'b', filled_amount_quote: 249 },
    ],
  },
})

/** Stops what it creates at once. */
const script = {
  total_amount_quote: '1000',
  script: {
    5: [
      { action: 'create', type: 'position', id: 'a', side: 'BUY', amount: '1', tl: 600 },
      { action: 'stop', id: 'a' },
    ],
  },
}

/** A position that enters at the close of its row, given with all the digits of its double. */
const position = () => ({
  name: 'exact',
  series: 'rw_b',
  start_index: 5,
  trade_cost: 0.0005,
  config: {
    side: 'BUY',
    entry_price: '249.900000000000005684341886080801486968994140625',
    amount: '1',
    open_order_type: 'LIMIT',
    take_profit: null,
    stop_loss: null,
    time_limit: 60,
    trailing_stop: null,
  },
  expected: { close_type: 'TIME_LIMIT', filled_amount_quote: 499.8 },
})

const write = (path: string, content: unknown): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(content))
}

t.test('cases of any folder are compared, those of the folders inside it too', async (t) => {
  const folder = t.testdir()
  write(join(folder, 'more_engine_cases.json'), [engineCase('one', -0.9)])
  write(join(folder, 'deep', 'others.json'), [engineCase('two', -0.9)])
  write(join(folder, 'something else.json'), { not: 'a case' })
  t.match(golden(folder), { status: 0, lines: ['2 passed, 0 failed'], said: /of no known form: something else\.json$/ })
})

t.test('a case that fails says what was expected and what came out', async (t) => {
  const folder = t.testdir()
  write(join(folder, 'cases.json'), [engineCase('right', -0.9), engineCase('wrong', -0.91)])
  const { status, lines } = golden(folder)
  t.equal(status, 1)
  t.match(lines, [
    /^cases\.json wrong: results\.position_realized_pnl_quote is -0\.9\d* and should be -0\.91$/,
    /^1 passed, 1 failed$/,
  ])
})

t.test('a case that cannot run fails, and the others run', async (t) => {
  const folder = t.testdir()
  write(join(folder, 'cases.json'), [{ ...engineCase('lost', -0.9), series: 'nowhere' }, engineCase('right', -0.9)])
  const { status, lines } = golden(folder)
  t.equal(status, 1)
  t.match(lines, [/^cases\.json lost: there is no series of candles nowhere\.csv/, /^1 passed, 1 failed$/])
})

t.test('a file that cannot be read fails', async (t) => {
  const folder = t.testdir({ 'cases.json': '[{' })
  write(join(folder, 'more.json'), [engineCase('right', -0.9)])
  t.match(golden(folder), { status: 1, lines: [/^cases\.json as a whole: .*JSON/, '1 passed, 1 failed'] })
})

t.test('a case of no known form fails, and the others run', async (t) => {
  const folder = t.testdir()
  const nameless = { ...position(), name: undefined }
  write(join(folder, 'more.json'), [position(), 5, nameless])
  write(join(folder, 'strange.json'), [{ ...position(), config: null }])
  const { status, lines } = golden(folder)
  t.equal(status, 1)
  t.match(lines, [
    /^strange\.json: something is expected in it, but its first case is of no known form$/,
    /^more\.json case 2: /,
    /^more\.json case 3: /,
    /^1 passed, 3 failed$/,
  ])
})

t.test('what is stopped when it has just been created is stopped', async (t) => {
  const folder = t.testdir()
  const both = { ...engineCase('both', -0.9), controller: script }
  write(join(folder, 'cases.json'), [
    { ...both, expected: { results: {}, executors: [{ id: 'a', close_type: 'EARLY_STOP' }] } },
  ])
  t.match(golden(folder), { status: 0, lines: ['1 passed, 0 failed'] })
})

t.test('a folder without cases is no success', async (t) => {
  const folder = t.testdir({ 'notes.json': '{}' })
  t.match(golden(folder), { status: 1, lines: ['0 passed, 0 failed'], said: /has no golden cases/ })
  t.match(golden(join(folder, 'missing')), { status: 1, said: /There is no folder/ })
  t.match(golden(), { status: 1, said: /Usage: npm run golden/ })
})
