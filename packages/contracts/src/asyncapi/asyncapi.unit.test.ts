import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import t from 'tap'
import { z } from 'zod'
import * as contracts from '../index.ts'
import { channels } from './channels.ts'

type Json = { readonly [key: string]: Json | undefined }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const document = JSON.parse(JSON.stringify(contracts.asyncApi())) as Json
const messages = document.components?.messages ?? {}

/** Every object of a document with its path. */
const objects = (value: unknown, path = '#'): [string, Json][] =>
  isObject(value)
    ? [[path, value], ...Object.entries(value).flatMap(([key, inner]) => objects(inner, `${path}/${key}`))]
    : []

const resolve = (pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, token) => (isObject(value) ? value[token] : undefined), document)

t.test('the document is an AsyncAPI 3.0 document', async (t) => {
  const load = createRequire(import.meta.url)
  const schema = load('@asyncapi/specs/schemas/3.0.0.json') as object
  // The schema brings its own copy of the JSON Schema it is written in.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false, validateFormats: false })
  const valid = ajv.compile(schema)
  t.ok(valid(document), JSON.stringify(valid.errors?.slice(0, 3)))
  t.notOk(valid({ ...document, channels: { wrong: { address: 5 } } }), 'the schema does look at it')
  t.notOk(valid({ ...document, info: {} }))
})

t.test('every reference leads somewhere', async (t) => {
  const references = objects(document).flatMap(([path, { $ref }]) => (typeof $ref === 'string' ? [[path, $ref]] : []))
  t.ok(references.length > 50)
  for (const [path, pointer] of references) t.ok(isObject(resolve(`${pointer}`)), `${path} → ${pointer}`)
})

t.test('every payload is a schema that takes what the code takes', async (t) => {
  const ajv = new Ajv({ strict: false, validateFormats: false })
  for (const [name, message] of Object.entries(messages))
    t.doesNotThrow(() => ajv.compile(message?.payload ?? {}), name)
  const taken = (name: string, value: unknown) => ajv.validate(messages[name]?.payload ?? false, value)
  t.ok(taken('Ping', { action: 'ping' }))
  t.ok(taken('Subscribe', { action: 'subscribe', type: 'trades', connector: 'binance', trading_pair: 'BTC-USDT' }))
  t.notOk(taken('Subscribe', { action: 'subscribe', type: 'nope', connector: 'binance', trading_pair: 'BTC-USDT' }))
  t.ok(taken('InstanceAnnouncement', { service: 'trading', instanceId: 'a', url: 'http://x', state: 'ready' }))
  t.notOk(taken('InstanceAnnouncement', { service: 'nobody', instanceId: 'a', url: 'http://x', state: 'ready' }))
})

t.test('one name, one message', async (t) => {
  const known = new Map<string, unknown>()
  for (const { said, heard, replies } of channels())
    for (const [name, schema] of Object.entries({ ...said, ...heard, ...replies })) {
      t.ok(!known.has(name) || known.get(name) === schema, name)
      known.set(name, schema)
    }
})

t.test('nothing of the contracts is left out', async (t) => {
  const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
  const listed = 'is in asyncapi/channels.ts'
  for (const [name, value] of Object.entries(contracts)) {
    // REST is described by its OpenAPI document.
    if (/Reply$/.test(name) && value instanceof z.ZodType) t.ok(messages[capitalised(name)], `${name} ${listed}`)
    if (/Events$/.test(name))
      for (const type of Object.keys(value)) t.ok(messages[type], `${type} of ${name} ${listed}`)
  }
})

t.test('addresses are those the code speaks to', async (t) => {
  const addresses = channels().map(({ address }) => address)
  const matches = (subject: string) =>
    addresses.filter((address) =>
      new RegExp(`^${address.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^.]+')}$`).test(subject),
    )
  t.same(matches(contracts.marketSubject('binance', 'BTC-USDT', 'book')), ['market.{connector}.{tradingPair}.book'])
  t.same(matches(contracts.marketSubject('kraken', 'A.B-USDT', 'candles-1m')), [
    'market.{connector}.{tradingPair}.candles-{interval}',
  ])
  t.same(matches(contracts.eventSubject('order-x.1', 'OrderFilled')), ['events.order.{id}.{type}'])
  t.same(matches(contracts.instancesSubject('trading')), ['instances.{service}'])
})

t.test('docs/asyncapi.json is up to date', async (t) => {
  const file = new URL('../../../../docs/asyncapi.json', import.meta.url)
  t.same(JSON.parse(readFileSync(file, 'utf8')), document, 'else run: npm run asyncapi')
})
