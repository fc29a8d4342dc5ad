import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { EDGE_TOKEN, edgeUnderTest } from './testing/edge-under-test.ts'
import { ask, until } from './testing/http.ts'
import { startPeer } from './testing/peer.ts'

const login = 'admin:admin'
const uuidv7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

t.test('paths, methods and slash forms', async (t) => {
  const edge = await edgeUnderTest(t)
  const trading = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)

  t.test('an unknown path is 404 without a login', async (t) => {
    for (const path of ['/nope', '/accounts//', '/trading/orders/a/b/c/d/e', '/accounts/%zz', '/docs/../accounts']) {
      const answer = await ask(edge.url, { path })
      t.equal(answer.status, 404, path)
      t.equal(answer.text, '{"detail":"Not Found"}', path)
      t.equal(answer.headers['content-type'], 'application/json', path)
    }
  })
  t.test('a known path with another method is 405 with Allow, without a login', async (t) => {
    for (const [method, path, allow] of [
      ['PUT', '/connectors/', 'GET'],
      ['HEAD', '/accounts/', 'GET, POST'],
      ['OPTIONS', '/trading/orders', 'GET, POST'],
      ['GET', '/trading/trades', 'POST'],
      ['GET', '/archived-bots/bots/archived/x/data/y.sqlite', 'DELETE'],
      ['POST', '/', 'GET'],
      ['HEAD', '/', 'GET'],
      ['POST', '/docs', 'GET, HEAD'],
    ] as const) {
      const answer = await ask(edge.url, { method, path })
      t.equal(answer.status, 405, `${method} ${path}`)
      t.equal(answer.headers.allow, allow, `${method} ${path}`)
      if (method !== 'HEAD') t.equal(answer.text, '{"detail":"Method Not Allowed"}')
    }
  })
  t.test('both slash forms reach the service without the slash, query untouched', async (t) => {
    for (const [path, seen] of [
      ['/accounts', '/accounts'],
      ['/accounts/', '/accounts'],
      ['/accounts/?a=%2F&b=1', '/accounts?a=%2F&b=1'],
      ['/accounts/master%20one/credentials', '/accounts/master%20one/credentials'],
      ['/accounts%2Fmaster/credentials/', '/accounts/master/credentials'],
      ['/%61ccounts/', '/accounts'],
    ] as const) {
      const answer = await ask(edge.url, { path, login })
      t.same(answer.json(), { url: seen }, path)
      t.equal(answer.status, 200, path)
    }
  })
  t.test('an encoded slash adds segments', async (t) => {
    const answer = await ask(edge.url, { path: '/accounts/a%2Fb/credentials', login })
    t.equal(answer.status, 404)
    t.equal(answer.text, '{"detail":"Not Found"}')
  })
  t.test('a path of a service that is away is 503 after the login', async (t) => {
    const path = '/archived-bots/bots%2Farchived%2Fx%2Fdata%2Fy.sqlite/status'
    t.equal((await ask(edge.url, { path })).status, 401)
    const answer = await ask(edge.url, { path, login })
    t.equal(answer.status, 503)
    t.equal(answer.text, `{"detail":"Service 'orchestration' is not available"}`)
    t.equal((await ask(edge.url, { path: '/accounts/gateway/wallets/', login })).text.includes("'gateway-dex'"), true)
  })
  t.test('the service hears who asks, and nothing a client pretends', async (t) => {
    const answer = await ask(edge.url, {
      method: 'POST',
      path: '/trading/orders',
      login,
      headers: {
        'content-type': 'application/json',
        'x-request-id': 'my-request.1',
        'x-colibri-actor': 'user:root',
        'x-colibri-address': '203.0.113.7',
        'x-colibri-edge-token': 'forged',
        'x-colibri-anything': '1',
        connection: 'close',
      },
      body: '{"a":1}',
    })
    t.equal(answer.headers['x-request-id'], 'my-request.1')
    t.equal(answer.headers['x-correlation-id'], 'my-request.1')
    t.equal(answer.headers.connection, 'close')
    const seen = trading.received.at(-1)
    t.equal(seen?.method, 'POST')
    t.equal(seen?.body, '{"a":1}')
    t.equal(seen?.headers['x-request-id'], 'my-request.1')
    t.equal(seen?.headers['x-colibri-actor'], 'user:admin')
    t.equal(seen?.headers['x-colibri-address'], '127.0.0.1')
    t.equal(seen?.headers['x-colibri-edge-token'], EDGE_TOKEN)
    t.equal(seen?.headers['x-colibri-anything'], undefined)
    t.equal(seen?.headers.authorization, undefined)
    t.equal(seen?.headers.connection, 'keep-alive')
    t.equal(seen?.headers['content-length'], '7')
    t.equal(seen?.headers['transfer-encoding'], undefined)
  })
  t.test('ids that are not sane are replaced', async (t) => {
    const answer = await ask(edge.url, { path: '/', headers: { 'x-request-id': 'a b', 'x-correlation-id': 'c-1' } })
    t.match(answer.headers['x-request-id'], uuidv7)
    t.equal(answer.headers['x-correlation-id'], 'c-1')
    t.equal(answer.headers['x-content-type-options'], 'nosniff')
    t.equal(answer.headers['x-powered-by'], undefined)
  })
})

t.test('login', async (t) => {
  const edge = await edgeUnderTest(t, { API_USERNAME: 'ann', API_PASSWORD: 'se:cret' })
  await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  const refused = async (t: Test, authorization: string | undefined, text: string): Promise<void> => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    const answer = await ask(edge.url, { path: '/accounts/', headers })
    t.equal(answer.status, 401, String(authorization))
    t.equal(answer.headers['www-authenticate'], 'Basic')
    t.equal(answer.text, JSON.stringify({ detail: text }), String(authorization))
  }
  const b64 = (text: string): string => Buffer.from(text).toString('base64')

  t.test('the three texts', async (t) => {
    await refused(t, undefined, 'Not authenticated')
    await refused(t, 'Bearer abc', 'Not authenticated')
    await refused(t, `Basicx ${b64('ann:se:cret')}`, 'Not authenticated')
    await refused(t, 'Basic', 'Invalid authentication credentials')
    await refused(t, 'Basic zzz', 'Invalid authentication credentials')
    await refused(t, `Basic ${b64('no colon')}`, 'Invalid authentication credentials')
    await refused(t, `Basic ${b64('änn:x')}`, 'Invalid authentication credentials')
    await refused(t, `Basic ${b64('ann:secret')}`, 'Incorrect username or password')
    await refused(t, `Basic ${b64('Ann:se:cret')}`, 'Incorrect username or password')
    await refused(t, `Basic ${b64(':')}`, 'Incorrect username or password')
  })
  t.test('the scheme word is case-insensitive, the password may hold colons', async (t) => {
    const headers = { authorization: `bAsIc ${b64('ann:se:cret')}` }
    t.equal((await ask(edge.url, { path: '/accounts/', headers })).status, 200)
  })
  t.test('broken JSON is told before a missing login, a valid body is not', async (t) => {
    const post = (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
      ask(edge.url, { method: 'POST', path: '/trading/orders', headers, body })
    const broken = await post('{"a":')
    t.equal(broken.status, 422)
    const item = { type: 'json_invalid', loc: ['body', 5], msg: 'JSON decode error', input: {} }
    t.equal(broken.text, JSON.stringify({ detail: [{ ...item, ctx: { error: 'Expecting value' } }] }))
    t.equal((await post('{"a":', {})).status, 422, 'no content type is read as JSON')
    t.equal((await post('{"a":', { 'content-type': 'text/plain' })).status, 401)
    t.equal((await post('{"a":1}')).status, 401)
    t.equal((await post('{"a":NaN}')).status, 401)
    const encoded = await post(Buffer.from([0x22, 0xff, 0x22]))
    t.equal(encoded.status, 400)
    t.equal(encoded.text, '{"detail":"There was an error parsing the body"}')
  })
})

t.test('lockout', async (t) => {
  const edge = await edgeUnderTest(t)
  const wrong = () => ask(edge.url, { path: '/accounts/', login: 'admin:guess' })
  let failures = 0
  let locked = await wrong()
  while (locked.status === 401) {
    failures += 1
    locked = await wrong()
  }
  t.ok(failures >= 10, 'ten failures are free')
  t.equal(locked.status, 429)
  const wait = locked.headers['retry-after']
  t.match(wait, /^[1-9]\d*$/)
  t.equal(locked.text, `{"detail":"Too many failed logins from this address; try again in ${wait} s"}`)
  t.equal((await ask(edge.url, { path: '/' })).status, 200, 'open pages stay open')
  const elsewhere = await ask(edge.url, { path: '/accounts/', login, localAddress: '127.0.0.2' })
  t.equal(elsewhere.status, 503, 'another address is not affected')
  await until('the wait is over', async () => (await ask(edge.url, { path: '/accounts/', login })).status === 503)
  t.equal((await wrong()).status, 401, 'a right login cleared the record')
  t.equal((await wrong()).status, 401)
})

t.test('every byte arrives, both ways, small and large', async (t) => {
  const edge = await edgeUnderTest(t)
  const trading = await startPeer(t, edge.nats, 'trading', (req, res) => {
    const reply = Buffer.from(req.body)
    res.writeHead(201, { 'content-length': reply.length, 'content-type': 'application/json', vary: 'Accept' })
    res.end(reply)
  })
  await edge.ready('trading', 1)
  for (const body of ['{"a":"é😀\u0000ÿ"}', JSON.stringify('ü'.repeat(200_000))]) {
    const headers = { origin: 'http://localhost:1' }
    const answer = await ask(edge.url, { method: 'POST', path: '/trading/orders', login, body, headers })
    t.equal(answer.status, 201)
    t.equal(trading.received.at(-1)?.body, body)
    t.equal(answer.text, body)
    t.equal(answer.headers.vary, 'Accept, Origin')
  }
})

t.test('bodies', async (t) => {
  const edge = await edgeUnderTest(t, { BODY_LIMIT: '100' })
  const trading = await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  const headers = { 'content-type': 'application/json' }
  const path = '/trading/orders'
  const text = '{"detail":"Request body is larger than 100 bytes"}'
  const exact = JSON.stringify('x'.repeat(98))
  t.equal((await ask(edge.url, { method: 'POST', path, login, headers, body: exact })).status, 200)
  t.equal(trading.received.at(-1)?.body, exact)
  const chunked = await ask(edge.url, { method: 'POST', path, login, headers, body: `${exact} ` })
  t.equal(chunked.status, 413, 'chunked')
  t.equal(chunked.text, text)
  const declared = { ...headers, 'content-length': '200' }
  const large = await ask(edge.url, { method: 'POST', path, login, headers: declared, body: 'x'.repeat(200) })
  t.equal(large.status, 413, 'declared')
  t.equal(large.text, text)
  t.equal((await ask(edge.url, { method: 'POST', path, headers: declared, body: 'x'.repeat(200) })).status, 413)
  t.equal(trading.received.length, 1, 'no large body reached the service')
  const patient = { ...declared, expect: '100-continue' }
  const asked = await ask(edge.url, { method: 'POST', path, login, headers: patient, body: 'x'.repeat(200) })
  t.equal(asked.status, 413, 'told before the body is sent')
})

t.test('what is no HTTP gets a JSON reply too', async (t) => {
  const edge = await edgeUnderTest(t)
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(edge.url).port), '127.0.0.1', () => socket.write(text))
      let reply = ''
      socket.on('data', (chunk) => {
        reply += chunk.toString()
      })
      socket.on('end', () => resolve(reply))
      socket.on('error', reject)
    })
  t.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n.*\{"detail":"Bad Request"\}$/s)
  t.match(await raw(`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
})
