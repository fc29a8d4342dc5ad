import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { balancesReply, guardsStream, ordersPage } from '@colibri/contracts'
import pg from 'pg'
import t from 'tap'
import { z } from 'zod'
import { eventually, type LaunchedProcess, type Reply, type TradingProcess, testBed } from '../test-bed.ts'

/** Two trading processes on one database, and what may happen to either. */
const bed = await testBed(t)
const launch = (name: string): LaunchedProcess => bed.launch({ INSTANCE_ID: name })
let first = launch('first')
const second = launch('second')
const replicas = async (): Promise<TradingProcess[]> => [await first.ready, await second.ready]
await replicas()

const database = new pg.Client({ connectionString: bed.databaseUrl })
await database.connect()
t.teardown(() => database.end())

const ACCOUNTS = ['master_account', 'desk'] as const
const leases = async () => {
  const { rows } = await database.query<{ account: string; owner: string; token: string }>(
    `select substr(name, length('trading account ') + 1) as account, owner, token::text from log.leases l
      where starts_with(name, 'trading account ') and log.lease_is_held(l)`,
  )
  return new Map(rows.map(({ account, owner, token }) => [account, { owner, token: Number(token) }]))
}
const pidOf = (owner = ''): number => Number(/ pid (\d+) /.exec(owner)?.[1])
const ownerOf = async (account: string): Promise<string> => (await leases()).get(account)?.owner ?? ''
const owners = async (): Promise<number> => new Set([...(await leases()).values()].map(({ owner }) => owner)).size
const shared = () => eventually(owners, (count) => count === 2, 60_000)

const order = (account = 'master_account', change: object = {}) => ({
  account_name: account,
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '1000',
  ...change,
})
const idOf = ({ body }: Reply): string => z.object({ order_id: z.string() }).parse(body).order_id
const active = async (at: TradingProcess) => ordersPage.parse((await at.post('/trading/orders/active', {})).body).data

t.test('accounts are shared out, and any process answers for any of them', async (t) => {
  const [a, b] = await replicas()
  t.equal((await a?.post('/accounts', { account_name: 'desk' }))?.status, 201)
  const [apiKey, apiSecret] = ['desk-key', 'desk-secret']
  await bed.control('/accounts', { id: 'desk', apiKey, apiSecret, spot: { USDT: '1000000' }, futures: {} })
  const keys = { simulator_api_key: apiKey, simulator_api_secret: apiSecret }
  t.equal((await b?.post('/accounts/add-credential/desk/simulator', keys))?.status, 201)
  await shared()
  for (const at of await replicas()) {
    for (const account of ACCOUNTS) {
      const placed = await at.post('/trading/orders', order(account))
      t.equal(placed.status, 201, account)
      const other = at === a ? b : a
      t.equal(
        (await other?.del(`/trading/orders/${idOf(placed)}`))?.status,
        200,
        'cancelled without saying whose it is',
      )
      await eventually(
        () => active(at),
        (orders) => orders.length === 0,
      )
    }
    t.match(await at.post('/trading/orders', order('nobody')), { status: 404 })
    t.match(
      await at.post('/trading/orders', { account_name: 'desk' }),
      { status: 422 },
      'refusals come through as they are',
    )
    t.match(await at.post('/trading/desk/simulator/leverage', { trading_pair: 'BTC-USDT', leverage: 2 }), {
      status: 400,
      body: { detail: "Connector 'simulator' is not a perpetual connector" },
    })
  }
  const held = balancesReply.parse(
    await bed.rpc('balances', { accountNames: null, connectorNames: null, refresh: true }),
  )
  t.same([...new Set(held.accounts.map(({ accountName }) => accountName))].sort(), [...ACCOUNTS].sort())
  t.ok(
    held.accounts.every(({ error, balances }) => error === null && balances.length > 0),
    'each account was asked for by its owner',
  )
})

t.test('one idempotency key at both processes at once is one order', async (t) => {
  const headers = { 'idempotency-key': 'the one' }
  const replies = await Promise.all(
    (await replicas()).flatMap((at) => [1, 2, 3].map(() => at.post('/trading/orders', order(), headers))),
  )
  t.same([...new Set(replies.map(({ status }) => status))], [201])
  t.equal(new Set(replies.map(idOf)).size, 1)
})

t.test('a limit over all accounts counts the orders of both processes', async (t) => {
  const [a, b] = await replicas()
  const limit = async (body: object): Promise<void> => {
    t.equal((await b?.put('/guards/portfolio', body))?.status, 200)
  }
  const before = (await active(await second.ready)).length
  await limit({ max_open_notional: String(10 * before + 35) })
  /** As a careful client does it: what is asked again is asked under the same key, for a 503 may come after the order. */
  const place = async (at: TradingProcess | undefined, account: string): Promise<Reply | undefined> => {
    const key = { 'idempotency-key': randomUUID() }
    for (;;) {
      const reply = await at?.post('/trading/orders', order(account), key)
      if (reply?.status === 503 || /until one process has them all/.test(JSON.stringify(reply?.body))) await sleep(100)
      else return reply
    }
  }
  const replies = await Promise.all(
    [a, b].flatMap((at) => ACCOUNTS.flatMap((account) => [place(at, account), place(at, account)])),
  )
  t.same([...new Set(replies.map((reply) => reply?.status))].sort(), [201, 400])
  // Orders that arrive together may count twice for a moment, and never not at all.
  let taken = replies.filter((reply) => reply?.status === 201).length
  t.ok(taken <= 3, 'no more of eight at once than fit under it')
  while ((await place(a, ACCOUNTS[0] ?? ''))?.status === 201) taken += 1
  t.equal(taken, 3)
  t.equal(await owners(), 1, 'counted in one place')
  await limit({})
  await shared()
})

t.test('a halt of all accounts stops both processes before it is done', async (t) => {
  const [a, b] = await replicas()
  const loading = new AbortController()
  const load = Promise.all(
    [a, b].flatMap((at) =>
      ACCOUNTS.map(async (account) => {
        while (!loading.signal.aborted) await at?.post('/trading/orders', order(account))
      }),
    ),
  )
  await sleep(500)
  t.equal((await a?.post('/guards/portfolio/halt', { ladder: 'cancel', reason: 'kill switch' }))?.status, 200)
  const halted = async (): Promise<number> => {
    const { rows } = await database.query('select from log.events where stream_id = $1 and type = $2', [
      guardsStream,
      'TradingHalted',
    ])
    return rows.length
  }
  await eventually(halted, (count) => count === 1, 120_000)
  const sent = async () => (await bed.ledger()).requests.reduce((sum, { count }) => sum + count, 0)
  const atHalt = await sent()
  await sleep(1_000)
  t.equal(await sent(), atHalt, 'no create after TradingHalted')
  loading.abort()
  await load
  for (const at of await replicas()) {
    for (const account of ACCOUNTS) t.equal((await at.post('/trading/orders', order(account))).status, 409)
    t.same(await active(at), [])
  }
  t.equal((await b?.post('/guards/portfolio/rearm'))?.status, 200)
  await shared()
  for (const at of await replicas()) {
    for (const account of ACCOUNTS) {
      await eventually(
        () => at.post('/trading/orders', order(account)),
        ({ status }) => status === 201,
      )
    }
  }
})

t.test('a process that is asked to stop gives its accounts away: no request fails', async (t) => {
  const survivor = await second.ready
  const statuses = new Map<number, number>()
  const loading = new AbortController()
  const load = Promise.all(
    ACCOUNTS.map(async (account) => {
      while (!loading.signal.aborted) {
        const { status } = await survivor.post('/trading/orders', order(account))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }),
  )
  await sleep(300)
  first.stop()
  t.equal(await first.ended, 0)
  await eventually(leases, (held) => [...held.values()].every(({ owner }) => owner.startsWith('second')), 60_000)
  await sleep(300)
  loading.abort()
  await load
  t.same([...statuses.keys()], [201])
  first = launch('first')
  await first.ready
  await shared()
})

t.test('one that is killed is replaced at once', async (t) => {
  const survivor = await second.ready
  await (await first.ready).kill()
  const began = Date.now()
  for (const account of ACCOUNTS) t.equal((await survivor.post('/trading/orders', order(account))).status, 201, account)
  t.comment(`both accounts answered ${Date.now() - began} ms after the kill`)
  t.match(await ownerOf('desk'), /^second /)
  first = launch('first')
  await first.ready
  await shared()
})

t.test('a zombie that wakes up past its lease writes nothing and sends nothing', async (t) => {
  const ids: string[] = []
  for (let round = 0; round < 3; round += 1) {
    const owner = await ownerOf('master_account')
    const [frozen, other] = owner.startsWith('first') ? [first, second] : [second, first]
    const [zombie, successor] = [await frozen.ready, await other.ready]
    const asked = Array.from({ length: 20 }, () => zombie.post('/trading/orders', order()))
    await sleep(Math.random() * 60)
    process.kill(pidOf(owner), 'SIGSTOP')
    try {
      await eventually(
        () => ownerOf('master_account'),
        (now) => now !== '' && now !== owner,
        60_000,
      )
      const placed = await successor.post('/trading/orders', order())
      t.equal(placed.status, 201, 'the successor goes on')
      ids.push(idOf(placed))
    } finally {
      process.kill(pidOf(owner), 'SIGCONT')
    }
    for (const reply of await Promise.all(asked)) {
      t.ok([201, 503].includes(reply.status), JSON.stringify(reply))
      if (reply.status === 201) ids.push(idOf(reply))
    }
    await eventually(
      () => zombie.post('/trading/orders', order('desk')),
      ({ status }) => status === 201,
    )
  }
  const settled = await eventually(
    async () => {
      // Who asks waits until everything that is stored is in the rows.
      await active(await first.ready)
      const { rows } = await database.query<{ id: string; status: string }>(
        'select client_order_id as id, status from trading.orders',
      )
      return new Map(rows.map(({ id, status }) => [id, status]))
    },
    (orders) => [...orders.values()].every((status) => status !== 'SUBMITTED' && status !== 'PENDING_CANCEL'),
    120_000,
  )
  const ledger = await bed.ledger()
  t.same(
    ledger.requests.filter(({ count }) => count > 1),
    [],
    'no intent was sent twice',
  )
  const atVenue = new Set(ledger.orders.map(({ clientOrderId }) => clientOrderId))
  t.same(
    [...atVenue].filter((id) => settled.get(id) === undefined || settled.get(id) === 'FAILED'),
    [],
    'nothing is at the venue that the log does not have, or has called dead',
  )
  t.same(
    ids.filter((id) => !settled.has(id)),
    [],
    'nothing acknowledged is lost',
  )
})
