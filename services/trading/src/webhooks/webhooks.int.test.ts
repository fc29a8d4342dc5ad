import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { guardsStream, webhookCreated, webhookDelivery, webhookEventTypes, webhookView } from '@colibri/contracts'
import { openPostgresLog, type Position } from '@colibri/event-log'
import pg from 'pg'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { secretBox } from '../accounts/key-file.ts'
import { eventually, type TradingProcess, testBed } from '../test-bed.ts'
import { createPoster } from './post-event.ts'
import { openWebhookStore } from './webhook-store.ts'

interface Taken {
  readonly id: string
  readonly type: string
  readonly body: string
  readonly headers: IncomingHttpHeaders
}
type Answer = (response: ServerResponse) => void

const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end()
const hang: Answer = () => undefined
const die: Answer = (response) => response.destroy()

/** A receiver that answers as it is told, and keeps what it answered with 200. */
const receiver = async (port = 0) => {
  const heard: Taken[] = []
  const taken: Taken[] = []
  const script: Answer[] = []
  let usual: Answer = status(200)
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const message = {
      id: String(request.headers['webhook-id']),
      type: String(request.headers['colibri-event']),
      body: Buffer.concat(chunks).toString(),
      headers: request.headers,
    }
    heard.push(message)
    const answer = script.shift() ?? usual
    answer(response)
    if (response.writableEnded && response.statusCode === 200) taken.push(message)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const at = (server.address() as AddressInfo).port
  const close = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(close)
  return {
    url: `http://127.0.0.1:${at}/hook`,
    port: at,
    heard,
    taken,
    /** The next answers, one after the other; then the usual one. */
    next: (...answers: readonly Answer[]) => void script.push(...answers),
    usually: (answer: Answer) => {
      usual = answer
    },
    close,
  }
}

const ENV = {
  WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
  WEBHOOK_PAUSE_AFTER_SECONDS: '1',
  WEBHOOK_TIMEOUT_SECONDS: '2',
}
const bed = await testBed(t)
let trading: TradingProcess = await bed.start(ENV)
const log = await openPostgresLog({ url: bed.databaseUrl })
t.teardown(() => log.close())

const add = async (body: object) => {
  const reply = await trading.post('/webhooks', body)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply))
  return webhookCreated.parse(reply.body)
}
const view = async (id: string) => webhookView.parse((await trading.get(`/webhooks/${id}`)).body)
const deliveries = async (id: string) =>
  z.array(webhookDelivery).parse((await trading.get(`/webhooks/${id}/deliveries?limit=200`)).body)

const order = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.001',
  order_type: 'MARKET',
}
const place = async (): Promise<void> => {
  const reply = await trading.post('/trading/orders', order)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply))
}
/** Ids in the order of the log. */
const stored = async (from: Position, types: readonly string[]): Promise<readonly string[]> => {
  const ids: string[] = []
  for (let position = from; ; ) {
    const page = await log.readAll(position, { filter: { types } })
    ids.push(...page.events.map(({ id }) => id))
    position = page.position
    if (page.atEnd && !page.pending) return ids
  }
}
const unique = (messages: readonly Taken[]): readonly string[] => [...new Set(messages.map(({ id }) => id))]
const ALL = Object.values(webhookEventTypes).flat()
/** Everything that was stored since then, each event in its turn and, by id, once. */
const sameOrder = async (
  t: Test,
  taken: () => readonly Taken[],
  from: Position,
  {
    types = ALL,
    message = 'the order of the log',
  }: { readonly types?: readonly string[]; readonly message?: string } = {},
): Promise<void> => {
  const [got, wanted] = await eventually(
    async () => [unique(taken()), await stored(from, types)] as const,
    ([had, all]) => all.length > 0 && had.length >= all.length,
    60_000,
  )
  t.same(got, wanted, message)
}

const good = await receiver()
const silent = await receiver()
silent.usually(hang)
const absent = await receiver()
await absent.close()
const begin = await log.end()
const toGood = await add({ url: good.url, name: 'all of it' })
const toSilent = await add({ url: silent.url, events: ['fill'] })
const toAbsent = await add({ url: absent.url, events: ['order', 'fill', 'order'] })

t.test('events are posted in their order, signed, with the order they are about', async (t) => {
  for (let n = 0; n < 5; n += 1) await place()
  t.equal((await trading.post('/guards/portfolio/halt', { reason: 'a test' })).status, 200)
  await eventually(
    async () => (await log.read(guardsStream)).at(-1)?.type,
    (type) => type === 'TradingHalted',
  )
  t.equal((await trading.post('/guards/portfolio/rearm')).status, 200)
  await sameOrder(t, () => good.taken, begin, { message: 'beside a receiver that hangs and one that is not there' })
  const fill = good.taken.find(({ type }) => type === 'OrderFilled')
  t.match(JSON.parse(fill?.body ?? '{}'), {
    id: fill?.id,
    type: 'OrderFilled',
    data: { amount: '0.001' },
    metadata: { actor: 'venue:simulator' },
    order: { accountName: 'master_account', tradingPair: 'BTC-USDT', tradeType: 'BUY' },
  })
  t.ok(good.taken.some(({ type }) => type === 'HaltRequested'))
  for (const { id, body, headers } of good.taken) {
    const key = Buffer.from(toGood.secret.slice('whsec_'.length), 'base64')
    const expected = createHmac('sha256', key).update(`${id}.${headers['webhook-timestamp']}.${body}`).digest('base64')
    if (headers['webhook-signature'] !== `v1,${expected}`) t.fail('a wrong signature')
  }
  const noted = await eventually(
    () => deliveries(toGood.id),
    (all) => all.length === good.taken.length,
  )
  t.ok(noted.every(({ delivered, status: code }) => delivered && code === 200))
  t.match(await view(toGood.id), { state: 'active', delivered: good.taken.length, attempts: 0, last_error: null })
})

t.test('refused, cut off, sent elsewhere: tried again until it is taken, and nothing overtakes it', async (t) => {
  const trap = await receiver()
  const from = await log.end()
  const before = good.taken.length
  good.next(status(500), die, status(302, { location: trap.url }))
  await place()
  await sameOrder(t, () => good.taken.slice(before), from)
  t.same(trap.heard, [], 'redirects are not followed')
  const failures = (await deliveries(toGood.id)).filter(({ delivered }) => !delivered)
  t.match(
    failures.map(({ error }) => error),
    ['answered with 302: redirects are not followed', 'socket hang up', 'answered with 500'],
  )
  t.equal(new Set(failures.map(({ event_id }) => event_id)).size, 1)
  t.equal(failures[0]?.attempt, 3)
})

t.test('killed in the middle of a delivery, and while the receiver is away: none is lost, in order', async (t) => {
  const from = await log.end()
  const before = good.taken.length
  good.usually(hang)
  const heardBefore = good.heard.length
  await place()
  await eventually(
    async () => good.heard.length,
    (count) => count > heardBefore,
  )
  await trading.kill()
  await good.close()
  trading = await bed.start(ENV)
  await place()
  await eventually(
    () => view(toGood.id),
    ({ attempts, last_error }) => attempts > 0 && last_error?.includes('ECONNREFUSED') === true,
  )
  const back = await receiver(good.port)
  await sameOrder(t, () => back.taken, from)
  t.equal(back.heard[0]?.id, good.heard[heardBefore]?.id, 'what was under way comes again, under the same id')
  t.equal(good.taken.length, before)
})

t.test('a receiver that takes nothing is given up, and goes on where it stopped', async (t) => {
  const given = await eventually(
    () => view(toAbsent.id),
    ({ state }) => state === 'paused',
    90_000,
  )
  t.match(String(given.paused_reason), /^nothing was taken for \d+ s and \d+ attempts; last: connect ECONNREFUSED/)
  t.ok(given.failing_since !== null)
  const givenUp = new RegExp(`colibri_webhook_failing_seconds\\{webhook="${toAbsent.id}"[^}]*\\} -1`)
  await eventually(
    () => trading.get('/metrics'),
    ({ body }) => givenUp.test(String(body)),
  )
  const back = await receiver(absent.port)
  t.match(await trading.post(`/webhooks/${toAbsent.id}/resume`, {}), {
    status: 200,
    body: { state: 'active', attempts: 0, paused_reason: null },
  })
  const types = [...webhookEventTypes.order, ...webhookEventTypes.fill]
  await sameOrder(t, () => back.taken, begin, { types, message: 'nothing of its time is missing' })

  await eventually(
    () => view(toSilent.id),
    ({ delivered, last_error }) => delivered === 0 && last_error === 'no answer within 2 s',
  )
  silent.usually(status(410))
  await trading.post(`/webhooks/${toSilent.id}/resume`, {})
  const gone = await eventually(
    () => view(toSilent.id),
    ({ state }) => state === 'paused',
    90_000,
  )
  t.equal(gone.paused_reason, 'the receiver is gone: it answered with 410')
  silent.usually(status(200))
  await trading.post(`/webhooks/${toSilent.id}/resume`, { from: 'now' })
  const from = await log.end()
  await place()
  await sameOrder(t, () => silent.taken, from, { types: ['OrderFilled'], message: 'from now on, if it is told so' })
})

t.test('changes: what is left out stays; a secret is shown once and nowhere else', async (t) => {
  const { secret, ...rest } = toGood
  t.match(secret, /^whsec_/)
  const { status: code, body } = await trading.put(`/webhooks/${rest.id}`, {
    name: 'other',
    events: ['guard', 'guard'],
  })
  t.equal(code, 200)
  t.match(body, { name: 'other', events: ['guard'], url: rest.url, created_by: 'user:test' })
  t.notOk('secret' in webhookView.loose().parse(body))
  const rotated = webhookCreated.parse((await trading.post(`/webhooks/${rest.id}/rotate-secret`)).body)
  t.not(rotated.secret, secret)
  const given = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  t.equal((await trading.put(`/webhooks/${rest.id}`, { secret: given })).status, 200)
  const test = await trading.post(`/webhooks/${rest.id}/test`)
  t.match(test, { status: 200, body: { delivered: true, status: 200, error: null } })

  const client = new pg.Client({ connectionString: bed.databaseUrl })
  await client.connect()
  const rows = JSON.stringify((await client.query('select * from trading.webhooks')).rows)
  const events = JSON.stringify((await client.query('select data, metadata from log.events')).rows)
  await client.end()
  const shown = JSON.stringify([(await trading.get('/webhooks')).body, (await trading.get('/metrics')).body])
  for (const hidden of [secret, rotated.secret, given]) {
    for (const text of [rows, events, shown]) t.notOk(text.includes(hidden))
  }
  t.notOk(rows.includes(String(rest.url)), 'the address may be a secret too')

  t.match(await trading.post(`/webhooks/${rest.id}/pause`), {
    body: { state: 'paused', paused_reason: 'paused by user:test' },
  })
  t.equal((await trading.del(`/webhooks/${rest.id}`)).status, 200)
  t.match(await trading.get(`/webhooks/${rest.id}`), {
    status: 404,
    body: { detail: `Webhook '${rest.id}' not found` },
  })
})

t.test('who does not know where a webhook is moves nothing; who has another password sees nothing', async (t) => {
  const pool = new pg.Pool({ connectionString: bed.databaseUrl })
  t.teardown(() => pool.end())
  const store = await openWebhookStore(pool, secretBox('test'), Date.now)
  const sealed = { url: good.url, secret: toGood.secret }
  const added = await store.add({ name: '', events: ['drift'], sealed, position: '1/1', by: 'user:test' })
  const stale = await store.pause(added.id, 'not delivered by the service')
  if (stale === undefined) throw new Error('not there')
  const attempt = { eventId: added.id, eventType: 'T', attempt: 1, status: null, error: 'x', durationMs: 1, at: 1 }
  t.equal(await store.passed(stale, '2/2'), false, 'paused')
  const other = { ...stale, revision: stale.revision - 1 }
  t.equal(await store.delivered(other, attempt, '2/2'), false, 'changed since')
  t.equal(await store.failed({ ...stale, position: '0/0' }, attempt, null), undefined, 'elsewhere')
  t.match(await store.get(added.id), { position: '1/1', delivered: 0, attempts: 0 })
  t.same(await store.deliveries(added.id, 10), [])
  t.same(await store.unseal(added), sealed)
  await t.rejects((await openWebhookStore(pool, secretBox('another'), Date.now)).unseal(added), {
    message: 'MAC mismatch',
  })
  t.equal(await store.remove(added.id), true)
})

t.test('bad input says what would be right, and repeats no secret', async (t) => {
  const url = good.url
  const refused = async (body: object, code: number, detail: unknown) =>
    t.match(await trading.post('/webhooks', body), { status: code, body: { detail } }, JSON.stringify(body))
  await refused({}, 400, 'url is missing: where to post events to')
  await refused({ url: 'example.com' }, 400, "url 'example.com' is not an http:// or https:// URL")
  await refused({ url: 'http://10.0.0.1/' }, 400, /^10\.0\.0\.1 is not a public address: .*WEBHOOK_ALLOW_NETWORKS$/)
  await refused({ url: 'http://[::ffff:a9fe:a9fe]/latest/meta-data' }, 400, / is not a public address/)
  await refused({ url: 'http://2852039166/' }, 400, /^169\.254\.169\.254 is not a public address/)
  await refused({ url: 'http://[::1]/' }, 400, /^::1 is not a public address/)
  await refused({ url, secret: 'hunter2' }, 400, /^secret must be 'whsec_'/)
  await refused({ url, secret: 5 }, 400, /^secret must be 'whsec_'/)
  await refused({ url, name: 'a\u0000b' }, 422, [{ loc: ['body', 'name'] }])
  await refused({ url: 7 }, 422, [{ loc: ['body', 'url'] }])
  await refused({ url, events: ['balance'] }, 422, [
    { loc: ['body', 'events', 0], msg: "Input should be 'order', 'fill', 'guard' or 'drift'" },
  ])
  await refused({ url, events: [] }, 422, [{ loc: ['body', 'events'] }])
  const nobody = '0198a6c0-0000-7000-8000-000000000000'
  for (const id of [nobody, 'x', '..%2f..']) {
    for (const path of [`/webhooks/${id}`, `/webhooks/${id}/deliveries`]) t.equal((await trading.get(path)).status, 404)
    for (const what of ['pause', 'resume', 'test', 'rotate-secret']) {
      t.equal((await trading.post(`/webhooks/${id}/${what}`, {})).status, 404, what)
    }
    t.equal((await trading.put(`/webhooks/${id}`, {})).status, 404)
    t.equal((await trading.del(`/webhooks/${id}`)).status, 404)
  }
  t.equal((await trading.get(`/webhooks/${toSilent.id}/deliveries?limit=0`)).status, 422)
})

t.test('an address is judged when it is connected to, whatever it was before', async (t) => {
  const local = await receiver()
  const secret = toGood.secret
  const message = { id: 'one', type: 'WebhookTest', body: '{}', attempt: 1 }
  const asked: string[] = []
  let allowed = true
  const poster = createPoster({
    url: `http://localhost:${local.port}/hook`,
    secret,
    timeoutMs: 10_000,
    isAllowed: (address) => {
      asked.push(address)
      return allowed
    },
  })
  t.match(await poster.post(message, new AbortController().signal), { kind: 'delivered' })
  poster.close()
  allowed = false
  t.match(await poster.post(message, new AbortController().signal), {
    kind: 'failed',
    error: /, which localhost resolves to, is not a public address/,
  })
  t.ok(asked.length >= 2)
  t.equal(local.heard.length, 1)
  const literal = createPoster({ url: local.url, secret, timeoutMs: 10_000, isAllowed: () => false })
  t.match(await literal.post(message, new AbortController().signal), { kind: 'failed', error: /^127\.0\.0\.1 is not/ })
  t.equal(local.heard.length, 1)
  literal.close()
  poster.close()
})
