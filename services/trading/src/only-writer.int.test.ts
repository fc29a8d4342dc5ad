import pg from 'pg'
import t from 'tap'
import { LOCK } from './only-writer.ts'
import { eventually, testBed } from './test-bed.ts'

const order = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '1000',
} as const

t.test('a second trading process waits, says why, and takes over when the first ends', async (t) => {
  const bed = await testBed(t)
  const first = await bed.start({ INSTANCE_ID: 'first' })
  const second = bed.launch({ INSTANCE_ID: 'second' })
  let isReady = false
  second.ready.then(
    () => {
      isReady = true
    },
    () => undefined,
  )
  t.match(
    await second.says('trading cannot run twice'),
    /trading cannot run twice, as each exchange account has one writer: waiting until colibri-trading-first ends/,
  )
  t.equal((await first.post('/trading/orders', order)).status, 201)
  t.equal(isReady, false)
  await first.kill()
  const taken = await second.ready
  t.equal((await taken.post('/trading/orders', order)).status, 201)
  t.same(
    (await bed.ledger()).requests.map(({ count }) => count),
    [1, 1],
  )
})

t.test('one that waits ends at once when it is asked to', async (t) => {
  const bed = await testBed(t)
  await bed.start()
  const second = bed.launch()
  await second.says('trading cannot run twice')
  second.stop()
  t.equal(await second.ended, 0)
})

t.test('a lost lock is taken again; one that finds another in its place ends', async (t) => {
  const bed = await testBed(t)
  const { ready, ended, says } = bed.launch()
  const trading = await ready
  const rival = new pg.Client({ connectionString: bed.databaseUrl, application_name: 'rival' })
  await rival.connect()
  t.teardown(() => rival.end())
  const holder = async (): Promise<number | undefined> => {
    const { rows } = await rival.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and granted
        and (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)`,
      [LOCK],
    )
    return rows[0]?.pid
  }
  const before = await holder()
  await rival.query('select pg_terminate_backend($1)', [before])
  const after = await eventually(holder, (pid) => pid !== undefined && pid !== before)
  t.equal((await trading.post('/trading/orders', order)).status, 201)

  // In one statement: it has the lock before the other can have missed it.
  await rival.query('select pg_terminate_backend($1, 5000), pg_advisory_lock(hashtextextended($2, 0))', [after, LOCK])
  t.match(await says('trades in its place now'), /rival trades in its place now: two must not trade at a time/)
  t.equal(await ended, 1)
})
