import t from 'tap'
import { edgeUnderTest } from '../testing/edge-under-test.ts'
import { ask, until } from '../testing/http.ts'
import { startPeer } from '../testing/peer.ts'

const schema = (type: string) => ({ components: { schemas: { Item: { type } } } })
const reply = { 200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } } }
const trading = {
  openapi: '3.1.0',
  paths: {
    '/accounts': { get: { responses: reply } },
    '/trading/orders/{client_order_id}/events': { get: { responses: reply } },
  },
  ...schema('string'),
}
const portfolio = {
  openapi: '3.1.0',
  paths: { '/portfolio/state': { post: { responses: reply } } },
  ...schema('number'),
}

interface Merged {
  paths: Record<string, Record<string, { security: unknown; responses: unknown }>>
  components: { schemas: Record<string, unknown>; securitySchemes: unknown }
}

t.test('the documents of all services are one, and their paths are known', async (t) => {
  const edge = await edgeUnderTest(t)
  const path = '/trading/orders/abc/events'
  t.equal((await ask(edge.url, { path })).status, 404, 'no service publishes it yet')
  const peer = await startPeer(t, edge.nats, 'trading', undefined, trading)
  await startPeer(t, edge.nats, 'portfolio', undefined, portfolio)
  await edge.ready('trading', 1)
  await edge.ready('portfolio', 1)
  const login = 'admin:admin'
  t.equal((await ask(edge.url, { path, login })).status, 200, 'a path beyond the contract')
  t.equal((await ask(edge.url, { path: '/portfolio/state', login, method: 'POST' })).status, 200)

  const answer = await ask(edge.url, { path: '/openapi.json' })
  t.equal(answer.status, 200)
  t.equal(answer.headers['content-type'], 'application/json')
  const merged = answer.json() as Merged
  t.same(Object.keys(merged.paths), ['/accounts/', '/trading/orders/{client_order_id}/events', '/portfolio/state'])
  t.same(merged.components.schemas, { Item: { type: 'string' }, Item_portfolio: { type: 'number' } })
  t.same(merged.components.securitySchemes, { HTTPBasic: { type: 'http', scheme: 'basic' } })
  const operation = merged.paths['/portfolio/state']?.post
  t.same(operation?.security, [{ HTTPBasic: [] }])
  t.match(JSON.stringify(operation?.responses), '#/components/schemas/Item_portfolio')

  peer.announce('draining')
  await edge.ready('trading', 0)
  t.equal((await ask(edge.url, { path, login })).status, 503, 'known while its service is away')
})

t.test('a document that could not be read is asked for again', async (t) => {
  const edge = await edgeUnderTest(t)
  let served: unknown = 'not yet'
  const document = { toJSON: () => served }
  await startPeer(t, edge.nats, 'trading', undefined, document)
  await edge.ready('trading', 1)
  const path = '/trading/orders/abc/events'
  t.equal((await ask(edge.url, { path })).status, 404)
  served = trading
  await until('the path is known', async () => (await ask(edge.url, { path })).status === 401)
  t.match((await ask(edge.url, { path: '/openapi.json' })).text, '/trading/orders/{client_order_id}/events')
})

t.test('documentation pages come from here alone', async (t) => {
  const edge = await edgeUnderTest(t)
  for (const path of ['/docs', '/docs/', '/redoc', '/docs/oauth2-redirect']) {
    const page = await ask(edge.url, { path })
    t.equal(page.status, 200, path)
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    t.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self';/)
    t.notMatch(page.text, /https?:/)
    for (const [, asset = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const file = await ask(edge.url, { path: asset })
      t.equal(file.status, 200, asset)
      t.ok(file.text.length > 100, asset)
    }
  }
})
