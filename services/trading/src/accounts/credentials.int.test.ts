import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ordersPage, placeOrderResponse } from '@colibri/contracts'
import t from 'tap'
import { eventually, testBed } from '../test-bed.ts'
import { decryptSecret } from './key-file.ts'

const bed = await testBed(t)
// One more venue by another name, on the same simulator, as a testnet would be.
const urls = { rest: bed.simulator.restUrl, ws: bed.simulator.wsUrl }
await writeFile(join(bed.home, 'venues.yml'), JSON.stringify({ binance: urls }))
const trading = await bed.start()

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
  t.equal(await decryptSecret(blob, 'test'), 'test-secret')
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
    async () => ordersPage.parse((await trading.post('/trading/orders/search', {})).body).data[0],
    (row) => row?.order_id === id && row.status === 'CANCELLED',
  )
})

t.test('the older forms do the same', async (t) => {
  t.equal((await trading.post('/accounts', { account_name: 'fourth' })).status, 201)
  t.same(await trading.put('/accounts/fourth', { connector_name: 'binance', credentials: good }), {
    status: 200,
    body: { message: 'Connector credentials added successfully.' },
  })
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
  t.same((await trading.get('/accounts/second/credentials')).body, ['simulator'])
  t.equal((await trading.post('/accounts/delete-credential/second/..%2F..%2Fmaster_account')).status, 400)
})
