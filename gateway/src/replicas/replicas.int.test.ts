import { connect } from 'node:net'
import t from 'tap'
import { edgeUnderTest } from '../testing/edge-under-test.ts'
import { ask, until } from '../testing/http.ts'
import { startPeer } from '../testing/peer.ts'

const login = 'admin:admin'
const post = {
  method: 'POST',
  path: '/trading/orders',
  login,
  headers: { 'content-type': 'application/json' },
  body: '{}',
}
const unavailable = `{"detail":"Service 'trading' is not available"}`

t.test('replicas share the work; a draining one gets none', async (t) => {
  const edge = await edgeUnderTest(t)
  const one = await startPeer(t, edge.nats, 'trading')
  const two = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 2)
  for (let n = 0; n < 10; n += 1) t.equal((await ask(edge.url, { path: '/accounts', login })).status, 200)
  t.equal(one.received.length, 5)
  t.equal(two.received.length, 5)
  one.announce('draining')
  await edge.ready('trading', 1)
  for (let n = 0; n < 4; n += 1) await ask(edge.url, { path: '/accounts', login })
  t.equal(one.received.length, 5)
  t.equal(two.received.length, 9)
  two.announce('starting')
  await edge.ready('trading', 0)
  const answer = await ask(edge.url, post)
  t.equal(answer.status, 503)
  t.equal(answer.text, unavailable)
})

t.test('a silent replica is forgotten', async (t) => {
  const edge = await edgeUnderTest(t)
  const peer = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  peer.fallSilent()
  await edge.ready('trading', 0)
  t.equal((await ask(edge.url, post)).text, unavailable)
})

t.test('a refused connection never reached a peer: the request goes to another replica, body and all', async (t) => {
  const edge = await edgeUnderTest(t)
  const dead = await startPeer(t, edge.nats, 'trading')
  const alive = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 2)
  dead.fallSilent()
  await dead.stopListening()
  for (let n = 0; n < 4; n += 1) {
    const answer = await ask(edge.url, { ...post, body: `{"n":${n}}` })
    t.equal(answer.status, 200)
  }
  t.same(
    alive.received.map(({ body }) => body),
    ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}'],
  )
  await alive.stopListening()
  alive.fallSilent()
  const answer = await ask(edge.url, post)
  t.equal(answer.status, 503)
  t.equal(answer.text, unavailable)
})

t.test('a service that breaks off: reading is tried again, writing is not', async (t) => {
  const edge = await edgeUnderTest(t)
  const broken = await startPeer(t, edge.nats, 'trading', (_req, _res, raw) => raw.socket.destroy())
  await edge.ready('trading', 1)
  const wrote = await ask(edge.url, post)
  t.equal(wrote.status, 502)
  t.equal(
    wrote.text,
    `{"detail":"Service 'trading' broke off before it answered; the request may have been carried out"}`,
  )
  t.equal(broken.received.length, 1)
  const fine = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 2)
  for (let n = 0; n < 4; n += 1) t.equal((await ask(edge.url, { path: '/accounts', login })).status, 200)
  t.equal(fine.received.length, 4)
})

t.test('a hung service is answered for with 504', async (t) => {
  const edge = await edgeUnderTest(t, { SERVICE_TIMEOUT_MS: '200', LONG_SERVICE_TIMEOUT_MS: '400' })
  await startPeer(t, edge.nats, 'trading', () => {})
  await startPeer(t, edge.nats, 'backtesting', () => {})
  await edge.ready('trading', 1)
  await edge.ready('backtesting', 1)
  const answer = await ask(edge.url, post)
  t.equal(answer.status, 504)
  t.equal(answer.text, `{"detail":"Service 'trading' did not answer within 0.2 s"}`)
  const long = await ask(edge.url, { ...post, path: '/backtesting/run' })
  t.equal(long.status, 504)
  t.equal(long.text, `{"detail":"Service 'backtesting' did not answer within 0.4 s"}`)
})

t.test('a reply that ends half way ends half way for the client too', async (t) => {
  const edge = await edgeUnderTest(t)
  await startPeer(t, edge.nats, 'trading', (_req, res) => {
    res.writeHead(200, { 'content-length': '100' })
    res.write('half')
    setTimeout(() => res.destroy(), 50)
  })
  await edge.ready('trading', 1)
  await t.rejects(ask(edge.url, { path: '/accounts', login }))
  t.equal((await ask(edge.url, { path: '/' })).status, 200, 'the edge carries on')
})

t.test('a client that leaves frees the service', async (t) => {
  const edge = await edgeUnderTest(t)
  let left = 0
  const peer = await startPeer(t, edge.nats, 'trading', (_req, _res, raw) => {
    raw.socket.on('close', () => {
      left += 1
    })
  })
  await edge.ready('trading', 1)
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`
  const client = connect(Number(new URL(edge.url).port), '127.0.0.1', () => {
    client.write(`GET /accounts HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`)
  })
  await until('the service is asked', () => peer.received.length === 1)
  client.destroy()
  await until('the service hears that nobody waits', () => left === 1)
  t.equal(left, 1)
})

t.test('while NATS is away the last known replicas serve on', async (t) => {
  const edge = await edgeUnderTest(t)
  await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  await edge.nats.kill()
  const report = () => ask(edge.url, { path: '/health/ready' })
  await until('the edge sees it', async () => (await report()).text.includes('"nats":"disconnected"'))
  await new Promise((resolve) => setTimeout(resolve, 4000))
  t.equal((await ask(edge.url, { path: '/accounts', login })).status, 200)
  t.equal((await report()).status, 503)
  await edge.nats.restart()
  await until('the edge is back', async () => (await report()).text.includes('"nats":"connected"'))
  t.equal((await ask(edge.url, { path: '/accounts', login })).status, 200)
})

t.test('ready when NATS is connected and every required service has a replica', async (t) => {
  const edge = await edgeUnderTest(t, { REQUIRED_SERVICES: 'trading, portfolio' })
  const trading = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  t.equal((await ask(edge.url, { path: '/health/ready' })).status, 503)
  await startPeer(t, edge.nats, 'portfolio')
  await edge.ready('portfolio', 1)
  const answer = await ask(edge.url, { path: '/health/ready' })
  t.equal(answer.status, 200)
  t.match(answer.json(), {
    status: 'ready',
    nats: 'connected',
    services: {
      trading: { required: true, ready: 1, instances: [{ instanceId: trading.instanceId, state: 'ready' }] },
      portfolio: { required: true, ready: 1 },
      'market-data': { required: false, ready: 0, instances: [] },
    },
  })
  t.same((await ask(edge.url, { path: '/health/live' })).json(), { status: 'ok' })
  t.match((await ask(edge.url, { path: '/metrics' })).text, /colibri_edge_ready_replicas\{service="trading"\} 1/)
})
