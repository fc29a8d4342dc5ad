import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ordersPage, placeOrderResponse } from '@colibri/contracts'
import pg from 'pg'
import t from 'tap'
import { eventually, testBed } from '../test-bed.ts'
import { tradeWhile } from '../testing/trade-while.ts'
import { secretBox } from './key-file.ts'

const bed = await testBed(t)
// One more venue by another name, on the same simulator, as a testnet would be.
const urls = { rest: bed.simulator.restUrl, ws: bed.simulator.wsUrl }
await writeFile(join(bed.home, 'venues.yml'), JSON.stringify({ binance: urls }))
const launched = bed.launch()
const trading = await launched.ready
const log = new pg.Client({ connectionString: bed.databaseUrl })
await log.connect()
t.teardown(() => log.end())

const good = { binance_api_key: 'test-key', binance_api_secret: 'test-secret' }
const folder = (account: string) => join(bed.home, 'bots', 'credentials', account, 'connectors')
const file = (account: string, connector: string) => readFile(join(folder(account), `${connector}.yml`), 'utf8')
const add = (account: string, connector: string, fields: unknown) =>
  trading.post(`/accounts/add-credential/${account}/${connector}`, fields)

t.test('keys the venue takes are kept encrypted, in the layout bots read', async (t) => {
  t.equal((await trading.post('/accounts/add-account?account_name=second')).status, 201)
  t.same(await add('second', 'binance', good), {
    status: 201,
    body: { message: 'Connector credentials added successfully.' },
  })
  t.same((await trading.get('/accounts/second/credentials')).body, ['binance'])
  const text = await file('second', 'binance')
  t.match(text, /^connector: binance$/m)
  t.notMatch(text, /test-secret|test-key/)
  const blob = /^binance_api_secret: (\S+)$/m.exec(text)?.[1] ?? ''
  t.equal(await secretBox('test').open(blob), 'test-secret')
  t.same(await readdir(folder('second')), ['binance.yml'], 'nothing is left beside it')
})

t.test('keys the venue refuses change nothing, byte for byte', async (t) => {
  const before = await file('second', 'binance')
  const reply = await add('second', 'binance', { ...good, binance_api_secret: 'stolen-secret' })
  t.equal(reply.status, 400)
  t.match(reply.body, { detail: /signature|-1022/i })
  t.notMatch(JSON.stringify(reply.body), /stolen-secret/)
  t.equal(await file('second', 'binance'), before)

  t.equal((await trading.post('/accounts/add-account?account_name=third')).status, 201)
  t.equal((await add('third', 'binance', { ...good, binance_api_key: 'nobody' })).status, 400)
  t.same(await readdir(folder('third')), [])
})

t.test('bad requests say what would be right', async (t) => {
  const detail = async (account: string, connector: string, fields: unknown) => {
    const { status, body } = await add(account, connector, fields)
    t.equal(status, 400)
    return body
  }
  t.same(await detail('second', 'nope_exchange', { a: 'b' }), { detail: "'nope_exchange'" })
  t.same(await detail('nobody', 'binance', good), { detail: "Directory 'credentials/nobody/connectors' not found" })
  t.same(await detail('a.b', 'binance', good), {
    detail: "Invalid account name: 'a.b'. Only letters, numbers, underscores and hyphens are allowed.",
  })
  t.same(await detail('second', '..%2Fx', good), {
    detail: "Invalid connector name: '../x'. Only letters, numbers, underscores and hyphens are allowed.",
  })
  t.same(await detail('second', 'binance', { ...good, passphrase: 'x' }), {
    detail: "Unknown field 'passphrase' for binance; its fields are binance_api_key, binance_api_secret",
  })
  t.same(await detail('second', 'binance', { binance_api_key: 'test-key' }), {
    detail: "Field 'binance_api_secret' is required for binance",
  })
  t.same(await detail('second', 'binance', { ...good, binance_api_key: ['test-key'] }), {
    detail: "Field 'binance_api_key' of binance must be text",
  })
  t.equal((await trading.post('/accounts/add-credential/second/binance')).status, 422)
})

t.test('keys are renewed while an order is open, and its end is seen under the new ones', async (t) => {
  const order = {
    account_name: 'second',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    amount: '0.01',
    order_type: 'LIMIT',
    price: '1000',
  }
  const keys = { simulator_api_key: 'test-key', simulator_api_secret: 'test-secret' }
  t.equal((await add('second', 'simulator', keys)).status, 201)
  const placed = await trading.post('/trading/orders', order)
  t.equal(placed.status, 201, JSON.stringify(placed.body))
  const { order_id: id } = placeOrderResponse.parse(placed.body)
  t.equal((await add('second', 'simulator', keys)).status, 201)
  t.equal((await trading.post(`/trading/second/simulator/orders/${id}/cancel`)).status, 200)
  await eventually(
    async () => ordersPage.parse((await trading.post('/trading/orders/search', {})).body).data,
    (rows) => rows.some((row) => row.order_id === id && row.status === 'CANCELLED'),
  )
})

const keyed = (key: string, secret: string) => ({ simulator_api_key: key, simulator_api_secret: secret })
const makeKey = (apiKey: string, more: object = {}) =>
  bed.control('/keys', { apiKey, apiSecret: `secret of ${apiKey}`, ...more })
const revoke = async (apiKey: string): Promise<void> => {
  const reply = await fetch(`${bed.simulator.controlUrl}/keys?apiKey=${apiKey}`, { method: 'DELETE' })
  if (!reply.ok) throw new Error(await reply.text())
}

t.test('keys are rotated under load: nothing lost, nothing twice, nothing refused', { timeout: 240_000 }, async (t) => {
  await makeKey('rotated-0')
  t.equal((await add('second', 'simulator', keyed('rotated-0', 'secret of rotated-0'))).status, 201)
  const load = tradeWhile(trading, { accountName: 'second', connectorName: 'simulator', traders: 4 })
  for (const n of [1, 2, 3]) {
    // The answer to an order is on its way, or lost, while the keys change.
    await bed.control('/faults', {
      on: 'create',
      kind: n % 2 === 0 ? 'delay' : 'accept-then-timeout',
      delayMs: 700,
      times: 3,
    })
    await makeKey(`rotated-${n}`)
    const reply = await add('second', 'simulator', keyed(`rotated-${n}`, `secret of rotated-${n}`))
    t.equal(reply.status, 201, JSON.stringify(reply.body))
    await revoke(`rotated-${n - 1}`)
  }
  const { placed, cancelled, refusals } = await load.finish()
  t.same(refusals, [], 'every request was taken')
  t.ok(placed.length > 20 && cancelled.length > 2, `${placed.length} orders, ${cancelled.length} cancelled`)
  const rows = await eventually(
    async () => {
      const { rows } = await log.query<{ id: string; types: string[] }>(
        `select substring(stream_id from 7) as id, array_agg(type order by version) as types from log.events
          where stream_id = any($1) group by stream_id`,
        [placed.map((id) => `order-${id}`)],
      )
      return rows
    },
    (found) =>
      found.length === placed.length &&
      found.every(({ types }) => types.includes('OrderAccepted')) &&
      cancelled.every((id) => found.some((row) => row.id === id && row.types.includes('OrderCancelled'))),
    60_000,
  )
  t.same(
    rows.filter(({ types }) => types.includes('OrderRejected')),
    [],
    'no order was declared rejected',
  )
  // The stream may have told of every order before its lost answer was given up.
  t.comment(`${rows.filter(({ types }) => types.includes('OrderOutcomeUnknown')).length} outcomes were unknown`)
  const { requests } = await bed.ledger()
  const sent = new Map(requests.map((request) => [request.clientOrderId, request]))
  t.same(
    placed.filter((id) => sent.get(id)?.count !== 1 || sent.get(id)?.accepted !== 1),
    [],
    'each reached the venue once',
  )
})

t.test('a key that is revoked before there is another one: orders wait for it', async (t) => {
  const order = {
    account_name: 'second',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    amount: '0.01',
    order_type: 'LIMIT',
    price: '1000',
  }
  const place = async (): Promise<string> =>
    placeOrderResponse.parse((await trading.post('/trading/orders', order)).body).order_id
  const statusOf = async (id: string) =>
    ordersPage.parse((await trading.post('/trading/orders/search', {})).body).data.find((row) => row.order_id === id)
  const open = await place()
  await revoke('rotated-3')
  const late = await place()
  await eventually(
    () => statusOf(late),
    (row) => row?.status === 'FAILED' && /-2015/.test(row.error_message ?? ''),
  )
  t.equal((await trading.post(`/trading/second/simulator/orders/${open}/cancel`)).status, 200)
  await makeKey('rotated-next')
  t.equal((await add('second', 'simulator', keyed('rotated-next', 'secret of rotated-next'))).status, 201)
  await trading.post(`/trading/second/simulator/orders/${open}/cancel`)
  await eventually(
    () => statusOf(open),
    (row) => row?.status === 'CANCELLED',
  )
})

t.test('what a key may do is shown, and one that may withdraw is warned of', async (t) => {
  const of = (account: string, connector: string) =>
    trading.get(`/accounts/${account}/credentials/${connector}/permissions`)
  t.same(await of('second', 'simulator'), {
    status: 200,
    body: {
      account_name: 'second',
      connector_name: 'simulator',
      trade: 'yes',
      withdraw: 'no',
      ip_restricted: 'no',
      reason: null,
      warnings: [],
    },
  })
  await makeKey('withdrawing', { withdraw: true })
  const added = await add('second', 'simulator', keyed('withdrawing', 'secret of withdrawing'))
  t.equal(added.status, 201)
  t.match(added.body, {
    message: 'Connector credentials added successfully.',
    warnings: [/may withdraw funds, and the venue takes it from any address/],
  })
  t.match(JSON.parse(await launched.says('may withdraw')), {
    level: 'warn',
    message: /^second on simulator: This key may withdraw/,
  })
  t.match((await of('second', 'simulator')).body, { withdraw: 'yes', warnings: [/may withdraw/] })
  // A venue that does not answer tells nothing, and nothing fails.
  await bed.control('/faults', { on: 'account', kind: '500', times: null })
  t.match(await of('second', 'simulator'), { status: 200, body: { withdraw: 'unknown', reason: /\S/, warnings: [] } })
  await fetch(`${bed.simulator.controlUrl}/faults`, { method: 'DELETE' })
  t.match(await of('second', 'okx'), { status: 404, body: { detail: "No credentials for 'okx' in account 'second'" } })
  t.equal((await of('nobody', 'simulator')).status, 404)
  t.equal((await of('..%2Fsecond', 'simulator')).status, 400)
  const { rows } = await log.query<{ type: string; data: object }>(
    `select type, data from log.events where stream_id = 'account-second' order by version desc limit 1`,
  )
  t.same(rows[0], {
    type: 'CredentialsStored',
    data: {
      accountName: 'second',
      connectorName: 'simulator',
      kind: 'renewed',
      permissions: { trade: 'yes', withdraw: 'yes', ipRestricted: 'no' },
    },
  })
})

t.test('keys of a perpetual connector leave the position mode as it is at the venue', async (t) => {
  const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
  const mode = async () => (await trading.get('/trading/second/simulator_perpetual/position-mode')).body
  t.equal((await add('second', 'simulator_perpetual', keys)).status, 201)
  t.match(await mode(), { position_mode: 'ONEWAY' })
  t.equal(
    (await trading.post('/trading/second/simulator_perpetual/position-mode', { position_mode: 'HEDGE' })).status,
    200,
  )
  t.equal((await add('second', 'simulator_perpetual', keys)).status, 201)
  t.match(await mode(), { position_mode: 'HEDGE' })
})

t.test('a disk that takes no more: the keys before stay, byte for byte', async (t) => {
  const before = await file('second', 'simulator')
  await makeKey('unstorable')
  const limit = (bytes: string) =>
    new Promise<void>((resolve, reject) => {
      const args = ['--pid', String(trading.pid), `--fsize=${bytes}`]
      execFile('prlimit', args, (error) => (error === null ? resolve() : reject(error)))
    })
  const failure = await limit('1024:unlimited').then(
    () => undefined,
    () => 'this machine has no prlimit',
  )
  if (failure !== undefined) return void t.comment(failure)
  try {
    t.same(await add('second', 'simulator', keyed('unstorable', 'secret of unstorable')), {
      status: 400,
      body: { detail: 'The credentials could not be stored: EFBIG' },
    })
    t.equal(await file('second', 'simulator'), before)
    t.same((await readdir(folder('second'))).sort(), ['binance.yml', 'simulator.yml', 'simulator_perpetual.yml'])
  } finally {
    await limit('unlimited:unlimited')
  }
  t.match((await trading.get('/accounts/second/credentials/simulator/permissions')).body, { withdraw: 'yes' })
  t.equal((await add('second', 'simulator', keyed('unstorable', 'secret of unstorable'))).status, 201)
})

t.test('a log that takes nothing: the keys before stay, byte for byte, and in use', async (t) => {
  const before = await file('second', 'simulator')
  await makeKey('unrecorded', { withdraw: true })
  await log.query('alter table log.events rename to events_away')
  try {
    const reply = await add('second', 'simulator', keyed('unrecorded', 'secret of unrecorded'))
    t.equal(reply.status, 400)
    t.equal(await file('second', 'simulator'), before)
    t.ok((await trading.post('/accounts/add-account?account_name=unrecorded')).status >= 500)
    t.notOk(((await trading.get('/accounts/')).body as string[]).includes('unrecorded'), 'and no account is left')
  } finally {
    await log.query('alter table log.events_away rename to events')
  }
  t.match((await trading.get('/accounts/second/credentials/simulator/permissions')).body, { withdraw: 'no' })
})

t.test('links lead nowhere', async (t) => {
  const outside = join(bed.home, 'outside', 'connectors')
  await mkdir(outside, { recursive: true })
  await writeFile(join(outside, 'binance.yml'), 'connector: binance\nbinance_api_key: canary\n')
  const root = join(bed.home, 'bots', 'credentials')
  await symlink(join(bed.home, 'outside'), join(root, 'linked'))
  t.notOk(((await trading.get('/accounts/')).body as string[]).includes('linked'), 'a linked account is none')
  t.equal((await trading.get('/accounts/linked/credentials')).status, 404)
  t.equal((await add('linked', 'binance', good)).status, 400)
  t.equal((await trading.post('/accounts/add-account?account_name=linked')).status, 400)
  t.equal((await trading.post('/accounts/add-account?account_name=half')).status, 201)
  await rm(join(root, 'half', 'connectors'), { recursive: true })
  await symlink(outside, join(root, 'half', 'connectors'))
  t.same((await trading.get('/accounts/half/credentials')).body, [])
  t.equal((await add('half', 'binance', good)).status, 400)
  t.equal((await trading.post('/accounts/delete-credential/half/binance')).status, 200)
  t.equal((await trading.get('/accounts/half/credentials/binance/permissions')).status, 404)
  await symlink(join(outside, 'binance.yml'), join(root, 'master_account', 'connectors', 'binance.yml'))
  t.match(await trading.get('/accounts/master_account/credentials/binance/permissions'), {
    status: 200,
    body: { withdraw: 'unknown', reason: 'The stored credentials cannot be read' },
  })
  t.same(await readdir(outside), ['binance.yml'])
  t.equal((await trading.del('/accounts/half')).status, 200)
  t.same(await readdir(outside), ['binance.yml'], 'deleting an account follows no link')
})

t.test('names that are too long, and one name twice at once', async (t) => {
  const long = 'x'.repeat(200)
  t.match(await trading.post(`/accounts/add-account?account_name=${long}`), {
    status: 400,
    body: { detail: /longer than 128/ },
  })
  t.equal((await trading.post(`/accounts/delete-credential/second/${long}`)).status, 400)
  const both = await Promise.all(['a', 'b'].map(() => trading.post('/accounts/add-account?account_name=twin')))
  t.same(both.map(({ status }) => status).sort(), [201, 400])
})

t.test('the older forms do the same', async (t) => {
  t.equal((await trading.post('/accounts', { account_name: 'fourth' })).status, 201)
  // The venue's budget of a minute may be used up by what came before.
  const put = await eventually(
    () => trading.put('/accounts/fourth', { connector_name: 'binance', credentials: good }),
    ({ status }) => status === 200,
    90_000,
  )
  t.same(put.body, { message: 'Connector credentials added successfully.' })
  t.equal((await trading.put('/accounts/fourth', { binance: good })).status, 200)
  t.match(await trading.put('/accounts/fourth', { binance: 'x' }), { status: 400, body: { detail: /'binance'/ } })
  t.match(await trading.put('/accounts/fourth', {}), { status: 400 })
  t.same((await trading.get('/accounts/fourth/credentials')).body, ['binance'])
  t.equal((await trading.del('/accounts/fourth')).status, 200)
  t.same(await trading.del('/accounts/fourth'), {
    status: 404,
    body: { detail: "Folder 'fourth' not found in 'credentials'" },
  })
})

t.test('deleted keys are gone', async (t) => {
  const gone = { status: 200, body: { message: 'Credential deleted successfully.' } }
  t.same(await trading.post('/accounts/delete-credential/second/binance'), gone)
  t.same(await trading.post('/accounts/delete-credential/second/binance'), gone, 'also when nothing is there')
  t.same((await trading.get('/accounts/second/credentials')).body, ['simulator', 'simulator_perpetual'])
  t.equal((await trading.post('/accounts/delete-credential/second/..%2F..%2Fmaster_account')).status, 400)
})
