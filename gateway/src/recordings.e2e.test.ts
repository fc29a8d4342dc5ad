import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { edgeUnderTest } from './testing/edge-under-test.ts'
import { ask } from './testing/http.ts'
import { startPeer } from './testing/peer.ts'

/** Recordings of the original server, beside a checkout that has them. */
const file = new URL('../../../shared/contract/recordings/http.jsonl', import.meta.url)
const recorded = z.object({
  n: z.number(),
  group: z.string(),
  name: z.string(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    auth: z.enum(['none', 'ok', 'bad']),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  response: z.object({
    status: z.number(),
    content_type: z.string(),
    headers: z.record(z.string(), z.string()),
    json: z.unknown().optional(),
    text: z.string().optional(),
  }),
})

const skip = existsSync(file) ? false : 'no recordings beside this checkout'
const originals = (): z.infer<typeof recorded>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => recorded.parse(JSON.parse(line)))

/** The recordings keep only that a login was bad; its reply tells how. */
const badLogins: Readonly<Record<string, Record<string, string>>> = {
  'Incorrect username or password': { authorization: `Basic ${Buffer.from('admin:bad').toString('base64')}` },
  'Not authenticated': { authorization: 'Bearer abc' },
  'Invalid authentication credentials': { authorization: 'Basic zzz' },
}

t.test('what the original answered before any service was asked', { skip }, async (t) => {
  const edge = await edgeUnderTest(t)
  await startPeer(t, edge.nats, 'trading')
  await edge.ready('trading', 1)
  // The original knew each path in one slash form; both are known here.
  const samples = originals().filter(
    ({ group, request, response }) =>
      ['root', 'auth'].includes(group) &&
      !(response.status === 404 && ['/accounts', '/connectors'].includes(request.path)),
  )
  t.ok(samples.length >= 10)
  for (const { n, name, request, response } of samples) {
    const detail = z.object({ detail: z.string() }).safeParse(response.json).data?.detail ?? ''
    const login = request.auth === 'bad' ? badLogins[detail] : {}
    const answer = await ask(edge.url, {
      method: request.method,
      path: request.path,
      headers: { ...request.headers, ...login },
      ...(request.auth === 'ok' ? { login: 'admin:admin' } : {}),
    })
    const label = `${n} ${name} ${request.method} ${request.path}`
    t.equal(answer.status, response.status, label)
    t.equal(answer.headers['content-type'], response.content_type, label)
    for (const [header, value] of Object.entries(response.headers)) t.equal(answer.headers[header], value, label)
    if (response.text === undefined) t.same(answer.json(), response.json, label)
    else t.equal(answer.text, response.text, label)
  }
})

t.test('a foreign and a local origin', async (t) => {
  const edge = await edgeUnderTest(t)
  const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-a' }
  const local = { origin: 'http://localhost:8501' }
  const foreign = { origin: 'http://localhost:8501.evil.example' }

  const preflight = await ask(edge.url, { method: 'OPTIONS', path: '/trading/orders', headers: { ...local, ...asks } })
  t.equal(preflight.status, 200)
  t.equal(preflight.text, 'OK')
  t.match(preflight.headers, {
    'content-type': 'text/plain; charset=utf-8',
    vary: 'Origin',
    'access-control-allow-origin': 'http://localhost:8501',
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
    'access-control-allow-headers': 'authorization,x-a',
    'access-control-max-age': '600',
  })
  const refused = await ask(edge.url, { method: 'OPTIONS', path: '/nope', headers: { ...foreign, ...asks } })
  t.equal(refused.status, 400)
  t.equal(refused.text, 'Disallowed CORS origin')
  t.equal(refused.headers['access-control-allow-origin'], undefined)

  const plain = await ask(edge.url, { path: '/accounts/', headers: local })
  t.equal(plain.status, 401)
  t.equal(plain.headers['access-control-allow-origin'], 'http://localhost:8501')
  t.equal(plain.headers.vary, 'Origin')
  const other = await ask(edge.url, { path: '/', headers: foreign })
  t.equal(other.status, 200)
  t.equal(other.headers['access-control-allow-origin'], undefined)
  t.equal((await ask(edge.url, { path: '/' })).headers['access-control-allow-credentials'], undefined)
})

t.test('narrower CORS settings', async (t) => {
  const edge = await edgeUnderTest(t, {
    CORS_ALLOW_ORIGINS: '["https://desk.example"]',
    CORS_ALLOW_ORIGIN_REGEX: '',
    CORS_ALLOW_METHODS: '["GET"]',
    CORS_ALLOW_HEADERS: '["Authorization"]',
    CORS_ALLOW_CREDENTIALS: 'false',
  })
  const ask1 = (origin: string, method: string, headers: string) =>
    ask(edge.url, {
      method: 'OPTIONS',
      path: '/',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
    })
  const good = await ask1('https://desk.example', 'GET', 'Authorization, content-type')
  t.equal(good.text, 'OK')
  t.equal(
    good.headers['access-control-allow-headers'],
    'Accept, Accept-Language, Authorization, Content-Language, Content-Type',
  )
  t.equal(good.headers['access-control-allow-credentials'], undefined)
  t.equal((await ask1('http://localhost', 'PUT', 'x-a')).text, 'Disallowed CORS origin, method, headers')
})
