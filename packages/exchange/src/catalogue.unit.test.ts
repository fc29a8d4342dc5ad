import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { catalogue, clientOrderIdFrom, connectorOf } from './catalogue.ts'

/** The specification lies beside the repository where Colibri is developed. */
const specification = new URL('../../../../shared/spec/', import.meta.url)
const csv = new URL('controllers/ccxt-map.csv', specification)
const fields = new URL('bots/connector-credential-fields.json', specification)
const skip = existsSync(csv) && existsSync(fields) ? false : 'the specification is not beside the repository'

t.test('every connector of the mapping is in the catalogue', { skip }, async (t) => {
  const rows = readFileSync(csv, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
  t.equal(rows.length, 45)
  for (const [name = '', id = ''] of rows) {
    const connector = connectorOf(name)
    if (id === '(missing)') t.equal(connector.ccxt.kind, 'absent', name)
    else t.match(connector.ccxt, { kind: 'exchange', id }, name)
    t.equal(connector.market === 'perpetual', name.endsWith('_perpetual'), name)
  }
})

const fieldFile = z.object({
  connectors: z.record(
    z.string(),
    z.object({
      fields: z.array(
        z.object({
          field: z.string(),
          required: z.boolean(),
          encrypted_on_load: z.boolean(),
          secret_type: z.boolean(),
        }),
      ),
    }),
  ),
})

t.test('every credential field is in the catalogue, in order', { skip }, async (t) => {
  const { connectors } = fieldFile.parse(JSON.parse(readFileSync(fields, 'utf8')))
  for (const [name, { fields }] of Object.entries(connectors)) {
    t.same(
      connectorOf(name).fields.map((field) => [field.name, field.required, field.secret, field.type === 'SecretStr']),
      fields.map((field) => [field.field, field.required, field.encrypted_on_load, field.secret_type]),
      name,
    )
  }
  const known = new Set(Object.keys(connectors))
  const own = catalogue.map((connector) => connector.name).filter((name) => !known.has(name))
  t.same(own, ['simulator', 'simulator_perpetual'])
})

t.test('the catalogue is consistent', async (t) => {
  const names = catalogue.map((connector) => connector.name)
  t.same(names, [...new Set(names)].sort(), 'sorted, each name once')
  for (const connector of catalogue) {
    const own = connector.fields.map((field) => field.name)
    t.same(
      Object.keys(connector.credentials).filter((field) => !own.includes(field)),
      [],
      `${connector.name}: mapped fields exist`,
    )
    if (connector.parent !== undefined) t.ok(connectorOf(connector.parent), connector.name)
    if (connector.ccxt.kind === 'exchange' && connector.noAccounts === undefined) {
      t.ok(Object.keys(connector.credentials).length > 0, `${connector.name} has credentials`)
    }
  }
  t.throws(() => connectorOf('foo'), { name: 'UnknownConnector', message: 'Connector foo not found' })
})

t.test('order types in the order of the recordings', async (t) => {
  t.same(connectorOf('binance').orderTypes, ['LIMIT', 'LIMIT_MAKER', 'MARKET'])
  t.same(connectorOf('binance_perpetual').orderTypes, ['LIMIT', 'MARKET', 'LIMIT_MAKER'])
  t.same(connectorOf('bybit_perpetual').orderTypes, ['LIMIT', 'MARKET'])
})

t.test('a client order id is made in the form of the venue', async (t) => {
  const digits = '0123456789abcdef0123456789abcdefffff'
  const idOf = (name: string) => clientOrderIdFrom(connectorOf(name).clientOrderId, digits)
  t.match(idOf('gate_io'), /^t-[\w-]{1,28}$/)
  t.match(idOf('hyperliquid'), /^0x[0-9a-f]{32}$/)
  t.match(idOf('backpack'), /^\d{1,10}$/)
  for (const { name, clientOrderId } of catalogue) {
    const id = clientOrderIdFrom(clientOrderId, digits)
    t.ok(id.length <= clientOrderId.maxLength && id.startsWith(clientOrderId.prefix), `${name}: ${id}`)
    t.equal(id, clientOrderIdFrom(clientOrderId, digits), 'the same digits give the same id')
  }
  t.throws(() => clientOrderIdFrom(connectorOf('binance').clientOrderId, 'xyz'), TypeError)
})
