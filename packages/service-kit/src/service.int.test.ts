import 'reflect-metadata'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bool,
  decimal,
  dict,
  instanceAnnouncement,
  integer,
  list,
  literal,
  model,
  nullable,
  text,
} from '@colibri/contracts'
import { type TestNats, type TestPostgres, testNats, testPostgres } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import t from 'tap'
import { z } from 'zod'
import {
  type BaseConfig,
  badRequest,
  notFound,
  type RunningService,
  SERVICE_KIT,
  type ServiceKit,
  serviceConfig,
  startService,
  Validated,
} from './index.ts'

const tradeRequest = model({
  account_name: text(),
  trade_type: literal('BUY', 'SELL'),
  amount: decimal({ gt: 0 }),
  price: nullable(decimal()),
  limit: integer({ ge: 1, le: 1000 }).default(50),
  names: nullable(list(text())),
})
const listQuery = model({
  limit: integer({ ge: 1, le: 1000 }),
  verbose: bool().default(false),
  names: nullable(list(text())),
})

const gate: { open: () => void; entered: Promise<void>; enter: () => void; wait: Promise<void> } = (() => {
  const entered = Promise.withResolvers<void>()
  const wait = Promise.withResolvers<void>()
  return { open: wait.resolve, wait: wait.promise, entered: entered.promise, enter: entered.resolve }
})()

@Controller()
class ProbeController {
  constructor(@Inject(SERVICE_KIT) private readonly kit: ServiceKit<BaseConfig>) {}

  @Post('trades')
  @HttpCode(200)
  trades(@Validated('body', tradeRequest) body: z.infer<typeof tradeRequest>) {
    return body
  }

  @Get('rows/:account')
  rows(
    @Validated('path', model({ account: text({ pattern: '^[a-z]+$' }) })) path: { account: string },
    @Validated('query', listQuery) query: z.infer<typeof listQuery>,
  ) {
    return { ...path, ...query }
  }

  @Post('free')
  @HttpCode(200)
  free(@Validated('body', dict()) body: Record<string, unknown>) {
    return body
  }

  @Get('context')
  context() {
    return this.kit.context()
  }

  @Post('context')
  contextOfBody() {
    return this.kit.context()
  }

  @Get('database')
  async database() {
    return (await this.kit.pool.query<{ one: number }>('select 1 as one')).rows[0]
  }

  @Get('nap')
  async nap() {
    return (await this.kit.pool.query('select pg_sleep(60)')).rows[0]
  }

  @Get('slow')
  async slow() {
    gate.enter()
    await gate.wait
    return { done: true }
  }

  @Get('broken')
  broken(): never {
    throw new Error('password=hunter2')
  }

  @Get('asks/:operation')
  asks(@Validated('path', model({ operation: text() })) { operation }: { operation: string }) {
    return this.kit.call(
      'orchestration',
      operation,
      { text: 'hé' },
      z.object({ text: z.string(), actor: z.string(), address: z.string().optional() }),
      500,
    )
  }

  @Get('asks-nobody')
  asksNobody() {
    return this.kit.call('gateway-dex', 'echo', {}, z.unknown(), 60_000)
  }

  @MessagePattern('rpc.orchestration.echo')
  echo(@Payload() request: { text: string }) {
    const { actor, address } = this.kit.context()
    return { text: request.text, actor, address }
  }

  @MessagePattern('rpc.orchestration.refuse')
  refuse(@Payload() _request: unknown) {
    throw notFound('no such thing')
  }

  @MessagePattern('rpc.orchestration.invalid')
  invalid(@Payload() _request: unknown) {
    throw badRequest('that is wrong')
  }

  @MessagePattern('rpc.orchestration.crash')
  crash(@Payload() _request: unknown) {
    throw new Error('password=hunter2')
  }

  @MessagePattern('rpc.orchestration.odd')
  odd(@Payload() _request: unknown) {
    return { text: 1 }
  }

  @MessagePattern('rpc.orchestration.silent')
  silent(@Payload() _request: unknown) {
    return new Promise(() => undefined)
  }
}

const token = 'edge-token'

interface World {
  readonly service: RunningService
  readonly postgres: TestPostgres
  readonly nats: TestNats
  ask(path: string, init?: RequestInit): Promise<{ status: number; body: unknown; headers: Headers }>
  post(path: string, body: string, contentType?: string): Promise<{ status: number; body: unknown }>
}

const world = async (t: Tap.Test): Promise<World> => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const service = await startService(
    { name: 'orchestration', config: serviceConfig(), start: () => ({ controllers: [ProbeController] }) },
    {
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      NATS_USER: nats.options.user,
      NATS_PASSWORD: nats.options.pass,
      EDGE_TOKEN: token,
      COLIBRI_HOME: '.',
      LOG_LEVEL: 'fatal',
      DRAIN_SECONDS: '1',
    },
  )
  t.teardown(() => service.stop())
  const ask: World['ask'] = async (path, init = {}) => {
    const headers = { 'x-colibri-edge-token': token, ...(init.headers as Record<string, string>) }
    const response = await fetch(`${service.url}${path}`, { ...init, headers })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  const post: World['post'] = (path, body, contentType = 'application/json') =>
    ask(path, { method: 'POST', body, headers: { 'content-type': contentType } })
  return { service, postgres, nats, ask, post }
}

declare namespace Tap {
  type Test = typeof t
}

const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`)
    await sleep(50)
  }
}

t.test('a service answers as the contract says', async (t) => {
  const { service, ask, post, nats } = await world(t as Tap.Test)

  t.test('health, metrics and OpenAPI are open, everything else needs the edge', async (t) => {
    t.same(await (await fetch(`${service.url}/health/live`)).json(), { status: 'live' })
    const up = { status: 'up' }
    t.same(await (await fetch(`${service.url}/health/ready`)).json(), {
      status: 'ready',
      components: { service: up, log: up, database: up, nats: up },
    })
    for (const headers of [{}, { 'x-colibri-edge-token': 'edge-tokem' }] as Record<string, string>[]) {
      const response = await fetch(`${service.url}/database`, { headers })
      t.equal(response.status, 401)
      t.same(await response.json(), { detail: 'Not authenticated' })
    }
    t.same((await ask('/database')).body, { one: 1 })
    const metrics = await (await fetch(`${service.url}/metrics`)).text()
    t.match(metrics, /colibri_http_request_duration_seconds_count\{.*method="GET",route="\/database",status="200"\} 1/)
    t.match(metrics, /colibri_process_cpu_seconds_total/)
    const document = (await ask('/openapi.json')).body
    t.match(document, {
      paths: {
        '/trades': {
          post: {
            requestBody: {
              content: { 'application/json': { schema: { properties: { limit: { default: 50, maximum: 1000 } } } } },
            },
          },
        },
        '/rows/{account}': { get: { parameters: [{ name: 'account', in: 'path', required: true }, {}, {}, {}] } },
      },
    })
  })

  t.test('wrong routes', async (t) => {
    t.match(await ask('/nowhere'), { status: 404, body: { detail: 'Not Found' } })
    const wrong = await ask('/trades')
    t.match(wrong, { status: 405, body: { detail: 'Method Not Allowed' } })
    t.equal(wrong.headers.get('allow'), 'POST')
    t.equal((await ask('/trades', { method: 'OPTIONS' })).status, 405)
    t.equal((await ask('/context', { method: 'HEAD' })).status, 405)
    t.equal((await ask('/context/')).status, 200, 'both slash forms')
    t.match(await ask('/broken'), { status: 500, body: { detail: 'Internal Server Error' } })
  })

  t.test('bodies', async (t) => {
    t.match(await post('/trades', '{"account_name":"a","trade_type":"BUY","amount":1.0,"price":1e-9,"junk":1}'), {
      status: 200,
      body: { account_name: 'a', trade_type: 'BUY', amount: '1.0', price: '1E-9', limit: 50, names: null },
    })
    t.same((await post('/trades', '{"account_name":"a","trade_type":"BUY","amount":12345678901234567890123}')).body, {
      account_name: 'a',
      trade_type: 'BUY',
      amount: '12345678901234567890123',
      price: null,
      limit: 50,
      names: null,
    })
    const detail = (items: object[]) => ({ status: 422, body: { detail: items } })
    const missing = (name: string, input: unknown) => ({
      type: 'missing',
      loc: ['body', name],
      msg: 'Field required',
      input,
    })
    t.match(
      await post('/trades', '{}'),
      detail([missing('account_name', {}), missing('trade_type', {}), missing('amount', {})]),
    )
    const valid = { account_name: 'a', trade_type: 'BUY' }
    t.match(
      await post('/trades', JSON.stringify({ ...valid, amount: 0 })),
      detail([
        {
          type: 'greater_than',
          loc: ['body', 'amount'],
          msg: 'Input should be greater than 0',
          input: 0,
          ctx: { gt: 0 },
        },
      ]),
    )
    t.match(
      await post('/trades', '{"account_name":"a","trade_type":"BUY","amount":NaN}'),
      detail([{ type: 'finite_number', loc: ['body', 'amount'], input: null }]),
    )
    t.match(await post('/free', '{"a":[NaN]}'), detail([{ type: 'finite_number', loc: ['body', 'a', 0], input: null }]))
    t.match(
      await post('/trades', '{"a":'),
      detail([
        {
          type: 'json_invalid',
          loc: ['body', 5],
          msg: 'JSON decode error',
          input: {},
          ctx: { error: 'Expecting value' },
        },
      ]),
    )
    for (const nothing of ['', 'null']) {
      t.match(
        await post('/trades', nothing),
        detail([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]),
      )
    }
    const notObject = 'Input should be a valid dictionary or object to extract fields from'
    t.match(
      await post('/trades', '[1]'),
      detail([{ type: 'model_attributes_type', loc: ['body'], msg: notObject, input: [1] }]),
    )
    t.match(
      await post('/trades', '{"a":1}', 'text/plain'),
      detail([{ type: 'model_attributes_type', loc: ['body'], msg: notObject, input: '{"a":1}' }]),
    )
    t.match(
      await post('/free', '"str"'),
      detail([{ type: 'dict_type', loc: ['body'], msg: 'Input should be a valid dictionary', input: 'str' }]),
    )
    t.equal((await post('/free', '{"a":1}', 'application/vnd.x+json; charset=utf-8')).status, 200)
    const untyped = await ask('/free', { method: 'POST', body: new Blob(['{"a":1}']) })
    t.match(untyped, { status: 200, body: { a: 1 } }, 'no content type is read as JSON')
    t.match(await post('/trades', '['.repeat(200_000)), {
      status: 400,
      body: { detail: 'There was an error parsing the body' },
    })
    for (const depth of [1_200, 5_000]) {
      const deep = '['.repeat(depth) + ']'.repeat(depth)
      for (const body of [`{"names":${deep}}`, deep])
        t.match(await post('/trades', body), { status: 400, body: { detail: 'There was an error parsing the body' } })
    }
    const names = Array.from({ length: 50_000 }, () => 0)
    t.match(await post('/trades', JSON.stringify({ ...valid, amount: 1, names })), {
      status: 422,
      body: {
        detail: Array.from({ length: 100 }, (_, n) => ({ type: 'string_type', loc: ['body', 'names', n], input: 0 })),
      },
    })
    const large = await post('/free', JSON.stringify({ a: 'x'.repeat(1024 * 1024) }))
    t.match(large, { status: 413, body: { detail: /too large/ } })
    t.equal((await post('/free', JSON.stringify({ a: 'x'.repeat(1024 * 1024 - 20) }))).status, 200)
  })

  t.test('path and query together', async (t) => {
    t.same((await ask('/rows/abc?limit=1&limit=5&verbose=on&names=a&names=b')).body, {
      account: 'abc',
      limit: 5,
      verbose: true,
      names: ['a', 'b'],
    })
    t.match(await ask('/rows/ABC?verbose=maybe'), {
      status: 422,
      body: {
        detail: [
          { type: 'string_pattern_mismatch', loc: ['path', 'account'], input: 'ABC' },
          { type: 'missing', loc: ['query', 'limit'], msg: 'Field required', input: null },
          { type: 'bool_parsing', loc: ['query', 'verbose'], input: 'maybe' },
        ],
      },
    })
  })

  t.test('a request carries its ids and actor, also into other services', async (t) => {
    const headers = { 'x-request-id': 'r1', 'x-correlation-id': 'c1', 'x-colibri-actor': 'user:anna' }
    const context = { requestId: 'r1', correlationId: 'c1', actor: 'user:anna' }
    t.same((await ask('/context', { headers })).body, context)
    const address = '203.0.113.7'
    const from = (address: string) => ask('/context', { headers: { ...headers, 'x-colibri-address': address } })
    t.same((await from(address)).body, { ...context, address })
    t.same((await from('not-an-address')).body, context)
    const body = JSON.stringify({ filler: 'x'.repeat(200_000) })
    t.match((await ask('/context', { method: 'POST', headers, body })).body, {
      correlationId: 'c1',
      actor: 'user:anna',
    })
    t.same((await ask('/asks/echo', { headers: { ...headers, 'x-colibri-address': address } })).body, {
      text: 'hé',
      actor: 'user:anna',
      address,
    })
  })

  t.test('what comes of a call', async (t) => {
    t.match(await ask('/asks/refuse'), { status: 404, body: { detail: 'no such thing' } })
    t.match(await ask('/asks/invalid'), { status: 400, body: { detail: 'that is wrong' } })
    t.match(await ask('/asks/crash'), { status: 500, body: { detail: 'Internal Server Error' } })
    t.match(await ask('/asks/odd'), { status: 500, body: { detail: 'Internal Server Error' } })
    t.match(await ask('/asks/silent'), { status: 503, body: { detail: 'orchestration did not answer within 500 ms' } })
    t.match(await ask('/asks-nobody'), { status: 503, body: { detail: 'gateway-dex is not running' } })
    const outsider = await connect(nats.options)
    const reply = await outsider.request('rpc.orchestration.echo', 'not json')
    t.same(reply.json(), { error: { kind: 'invalid', message: 'the request is not JSON' } })
    await outsider.close()
  })
})

t.test('a service comes through the loss of what it stands on', async (t) => {
  const { ask, service, postgres, nats } = await world(t as Tap.Test)
  const ready = async () => (await fetch(`${service.url}/health/ready`)).status

  await postgres.kill()
  t.match(await ask('/database'), { status: 503, body: { detail: 'Database unavailable' } })
  t.equal(await ready(), 503)
  t.match(await (await fetch(`${service.url}/health/ready`)).json(), {
    status: 'not ready',
    components: { database: { status: 'down' }, log: { status: 'down' }, nats: { status: 'up' } },
  })
  t.equal((await fetch(`${service.url}/health/live`)).status, 200)
  await postgres.restart()
  await until('ready after Postgres is back', async () => (await ready()) === 200)
  t.same((await ask('/database')).body, { one: 1 })

  // Frozen, not gone: no reply, no reset. A query of a minute must not keep its client for a minute.
  const napping = ask('/nap')
  await sleep(100)
  process.kill(postgres.pid(), 'SIGSTOP')
  const backend = await frozenBackends(postgres.pid())
  try {
    t.match(await napping, { status: 503, body: { detail: 'Database unavailable' } })
    t.match(await ask('/database'), { status: 503, body: { detail: 'Database unavailable' } })
  } finally {
    for (const pid of backend) process.kill(pid, 'SIGCONT')
    process.kill(postgres.pid(), 'SIGCONT')
  }
  await until('ready after Postgres has thawed', async () => (await ready()) === 200)

  await nats.kill()
  await until('NATS is missed', async () => (await ready()) === 503)
  t.match(await ask('/asks/echo'), {
    status: 503,
    body: { detail: 'orchestration cannot be reached: messaging is down' },
  })
  t.same((await ask('/database')).body, { one: 1 }, 'what needs no NATS still works')
  await nats.restart()
  await until('ready after NATS is back', async () => (await ready()) === 200)
  await until('calls are answered again', async () => (await ask('/asks/echo')).status === 200)
})

/** Stops the children of a stopped postmaster too: a frozen machine freezes all of it. */
const frozenBackends = async (postmaster: number): Promise<number[]> => {
  const { readdir, readFile } = await import('node:fs/promises')
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === postmaster) pids.push(Number(entry))
  }
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return pids
}

t.test('a service announces itself and drains', async (t) => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const edge = await connect(nats.options)
  t.teardown(() => edge.close())
  const states: string[] = []
  edge.subscribe('instances.orchestration', {
    callback: (_error, message) => {
      states.push(instanceAnnouncement.parse(message.json()).state)
    },
  })
  await edge.flush()
  const recovered = Promise.withResolvers<void>()
  const recovering = Promise.withResolvers<void>()
  const ended: string[] = []
  const starting = startService(
    {
      name: 'orchestration',
      config: serviceConfig(),
      start: (kit) => {
        kit.onShutdown(() => {
          ended.push('first')
        })
        kit.onShutdown(async () => {
          await kit.pool.query('select 1')
          ended.push('second')
        })
        return {
          controllers: [ProbeController],
          recover: () => {
            recovering.resolve()
            return recovered.promise
          },
        }
      },
    },
    {
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      NATS_USER: nats.options.user,
      NATS_PASSWORD: nats.options.pass,
      EDGE_TOKEN: token,
      COLIBRI_HOME: '.',
      LOG_LEVEL: 'fatal',
    },
  )
  await recovering.promise
  await until('it says it is starting', async () => states.includes('starting'))
  t.notOk(states.includes('ready'))
  recovered.resolve()
  const service = await starting
  await until('it says it is ready', async () => states.includes('ready'))
  const before = states.length
  edge.publish('instances.query')
  await until('it answers a query', async () => states.length > before)

  // Through node:http: fetch would retry on a new connection and hide a refused one.
  const slow = new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${service.url}/slow`, { headers: { 'x-colibri-edge-token': token } }, (response) => {
      let text = `${response.statusCode} `
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    request.on('error', reject).end()
  })
  await gate.entered
  const stopped = service.stop()
  await until('it says it drains', async () => states.includes('draining'))
  await until('it accepts no more', async () =>
    fetch(`${service.url}/health/live`).then(
      () => false,
      () => true,
    ),
  )
  t.same(ended, [], 'nothing is closed while a request is in flight')
  gate.open()
  t.equal(await slow, '200 {"done":true}')
  await stopped
  t.same(ended, ['second', 'first'])
})

t.test('what is missing at boot is said in one sentence', async (t) => {
  const nats = await testNats(t)
  const start = startService(
    { name: 'orchestration', config: serviceConfig(), start: () => ({}) },
    {
      DATABASE_URL: 'postgres://127.0.0.1:5432/x',
      NATS_URL: nats.url,
      NATS_USER: 'nobody',
      NATS_PASSWORD: 'wrong',
      EDGE_TOKEN: token,
      COLIBRI_HOME: '.',
      PGCONNECT_TIMEOUT: '1',
    },
  )
  await t.rejects(start, {
    name: 'BootError',
    message: /NATS refused the login|Postgres \(DATABASE_URL\) did not answer/,
  })
})
