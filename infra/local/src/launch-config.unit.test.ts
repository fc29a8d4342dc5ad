import t from 'tap'
import { detoured } from './detours.ts'
import { backOff } from './keep-alive.ts'
import { readLaunchConfig } from './launch-config.ts'
import { natsUserNames, natsUsers } from './nats-users.ts'
import { tapReport } from './tap-report.ts'
import { tapTotals } from './tap-totals.ts'

t.test('USERNAME alone is the shell speaking, beside a PASSWORD it is the login', async (t) => {
  const login = (env: Record<string, string>, file = '') => {
    const { username, password } = readLaunchConfig(env, [], t.testdir({ '.env': file }))
    return { username, password }
  }
  t.same(login({ USERNAME: 'alice' }), { username: 'admin', password: 'admin' })
  t.same(login({ USERNAME: 'alice', PASSWORD: 's' }), { username: 'alice', password: 's' })
  t.same(login({ PASSWORD: 's' }), { username: 'admin', password: 's' })
  t.same(login({ USERNAME: 'alice' }, 'USERNAME=bob\nPASSWORD=b\n'), { username: 'bob', password: 'b' })
  t.same(login({ PASSWORD: 's' }, 'USERNAME=bob\nPASSWORD=b\n'), { username: 'admin', password: 's' })
})

t.test('.env never overrides, and secrets are not handed on to every process', async (t) => {
  const config = readLaunchConfig(
    { COLIBRI_PORT: '9000', PASSWORD: 'p', EMPTY: '' },
    [],
    t.testdir({ '.env': 'COLIBRI_PORT=9001\nLOG_LEVEL=debug\nCONFIG_PASSWORD=c\n' }),
  )
  t.equal(config.edgePort, 9000)
  t.equal(config.configPassword, 'c')
  t.same(config.inherited, { COLIBRI_PORT: '9000', LOG_LEVEL: 'debug' })
  t.throws(() => readLaunchConfig({ COLIBRI_PORT: 'eighty' }, [], '.'), {
    message: /COLIBRI_PORT must be a port number/,
  })
})

t.test('COLIBRI_DETOURS leads one service to another port of a server', async (t) => {
  const { detours, inherited } = readLaunchConfig(
    { COLIBRI_DETOURS: 'trading:postgres=41234,market-data:simulator=41235' },
    [],
    t.testdir(),
  )
  t.same(inherited, {}, 'no other process is told')
  const url = 'postgresql://colibri:a%2Bb@127.0.0.1:5432/colibri'
  t.equal(detoured(detours, 'trading', 'postgres', url), url.replace('5432', '41234'))
  t.equal(detoured(detours, 'portfolio', 'postgres', url), url)
  t.equal(detoured(detours, 'market-data', 'simulator', 'ws://127.0.0.1:9'), 'ws://127.0.0.1:41235')
  for (const wrong of ['trading:redis=1', 'nobody:nats=1', 'trading:nats=0', 'trading:nats'])
    t.throws(() => readLaunchConfig({ COLIBRI_DETOURS: wrong }, [], t.testdir()), {
      message: new RegExp(`${wrong} is wrong`),
    })
})

t.test('--services gives the number of replicas', async (t) => {
  const replicas = (...args: string[]) => readLaunchConfig({}, args, '.').replicas
  t.match(replicas('--services', 'market-data=2,portfolio=3', '--services=backtesting=4'), {
    'market-data': 2,
    portfolio: 3,
    backtesting: 4,
    trading: 1,
  })
  t.equal(replicas('--services', 'trading=2').trading, 2)
  for (const wrong of ['market-data', 'market-data=0', 'market-data=x', 'nobody=1']) {
    t.throws(() => replicas('--services', wrong), { name: 'LaunchError' }, wrong)
  }
  t.throws(() => readLaunchConfig({ EVENT_LOG: 'kurrentdb' }, ['--services', 'trading=2'], '.'), {
    name: 'LaunchError',
    message: /can only be 1 with EVENT_LOG=kurrentdb/,
  })
})

t.test('waits twice as long after each failure in a row, ten seconds at the most', async (t) => {
  t.same([1, 2, 3, 7, 8, 1000].map(backOff), [100, 200, 400, 6400, 10_000, 10_000])
})

t.test('reads what tap counted; keys that are missing are 0', async (t) => {
  t.same(tapTotals('# { total: 5, pass: 5 }'), { passed: 5, failed: 0 })
  t.same(tapTotals('# { total: 5, pass: 3, fail: 2 }'), { passed: 3, failed: 2 })
  t.same(tapTotals('# { total: 1, fail: 1 }'), { passed: 0, failed: 1 })
  t.equal(tapTotals('# time=12ms'), null)
})

t.test('says a failure once, with the way to it and what tap said of it; and what was skipped, and why', async (t) => {
  const report = tapReport()
  const output = `TAP version 14
# Subtest: one.test.js
    # Subtest: a
        ok 1 - fine
        # Subtest: b
            not ok 1 - one is two # time=3ms
              ---
              diff: |
                -2
              ...
            ok 2 - fine
            1..2
        not ok 2 - b # time=47.105ms
          ---
          at: somewhere
          ...
        not ok 3 - a's own
        1..3
    not ok 1 - a # time=63.121ms
    # Subtest: c
        ok 1 - fine
    ok 2 - c
not ok 1 - one.test.js # time=99.078ms
  ---
  exitCode: 1
  ...
# Subtest: two.test.js
    ok 1 - fine
    # Subtest: d
        ok 1 - in a browser # SKIP no Chromium
    ok 2 - d # time=3ms
    ok 3 - for nothing # SKIP
ok 2 - two.test.js
# Subtest: three.test.js
    ok 1 - fine
not ok 3 - three.test.js
  ---
  signal: SIGKILL
  ...`
  for (const line of output.split('\n')) report.line(line)
  t.same(report.failures(), [
    `one.test.js > a > b > one is two
              ---
              diff: |
                -2
              ...`,
    "one.test.js > a > a's own",
    'three.test.js\n  ---\n  signal: SIGKILL\n  ...',
  ])
  t.same(report.skipped(), ['two.test.js > d > in a browser: no Chromium', 'two.test.js > for nothing: '])
})

t.test('only services with an edge in the house may call each other', async (t) => {
  const users = natsUsers(Object.fromEntries(natsUserNames.map((name) => [name, 'p'])))
  const publishes = (name: string) => users.find(({ user }) => user === name)?.permissions?.publish ?? []
  t.same(
    publishes('market-data').filter((subject) => subject.startsWith('rpc.')),
    [],
  )
  t.same(
    publishes('trading').filter((subject) => subject.startsWith('rpc.')),
    ['rpc.market-data.>', 'rpc.gateway-dex.>'],
  )
  t.notOk(publishes('subscriber').some((subject) => /^(events|market|rpc|instances|hbot)/.test(subject)))
  t.notOk(
    users.some(({ permissions }) => permissions === undefined),
    'nobody may do everything',
  )
  t.throws(() => natsUsers({}), /no password/)
})
