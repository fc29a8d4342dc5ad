import t from 'tap'
import { contractRoutes } from './contract-routes.ts'
import { createPathTable } from './path-table.ts'
import { parseRequestPath } from './request-path.ts'
import { routeOf } from './routes.ts'

const table = createPathTable(contractRoutes)
const service = (method: string, path: string): string => {
  const match = table.match(method, path)
  return match.kind === 'found' ? match.route.service : match.kind === 'wrong-method' ? match.allow : match.kind
}

t.test('every path of the contract has a service', async (t) => {
  for (const entry of contractRoutes) {
    const [methods = '', template = ''] = entry.split(' ')
    t.ok(routeOf(template), template)
    const path = template.replace(/\/$/, '').replaceAll(/\{[^}]+\}/g, 'x')
    for (const method of methods.split(',')) t.equal(table.match(method, path).kind, 'found', entry)
  }
})

t.test('the longest prefix of the template decides', async (t) => {
  t.equal(service('GET', '/accounts/gateway/wallets'), 'gateway-dex')
  t.equal(service('DELETE', '/accounts/gateway/solana/abc'), 'gateway-dex')
  t.equal(service('GET', '/accounts/gateway/credentials'), 'trading')
  t.equal(service('GET', '/gateway/swaps/search'), 'gateway-dex')
  t.equal(service('PATCH', '/gateway-proxy/a/b/c'), 'gateway-dex')
  t.equal(service('GET', '/system/resources'), 'market-data')
  const match = table.match('POST', '/market-data/historical-candles')
  t.match(match, { kind: 'found', route: { patience: 'long' } })
})

t.test('methods of every template a path fits', async (t) => {
  t.equal(service('PATCH', '/controllers/configs/x'), 'DELETE, GET, POST, PUT')
  t.equal(service('GET', '/trading'), 'unknown')
  t.equal(service('GET', '/accountsx'), 'unknown')
  t.equal(service('GET', '/bot-orchestration//status'), 'unknown')
})

t.test('archive paths span slashes', async (t) => {
  t.equal(service('GET', '/archived-bots/bots/archived/b/data/f.sqlite/status'), 'orchestration')
  t.equal(service('GET', '/archived-bots/../../etc/passwd/status'), 'orchestration')
  t.equal(service('GET', '/archived-bots/status'), 'DELETE')
})

t.test('a published path is known from then on', async (t) => {
  const own = createPathTable([])
  t.equal(own.match('GET', '/trading/x').kind, 'unknown')
  own.add('GET /trading/{name}')
  own.add('GET /elsewhere')
  t.equal(own.match('GET', '/trading/x').kind, 'found')
  t.equal(own.match('GET', '/elsewhere').kind, 'unknown')
})

t.test('request paths', async (t) => {
  const parse = (target: string) => parseRequestPath(target)
  t.same(parse('/a/b/?q=%2F/'), { path: '/a/b', forwarded: '/a/b', query: '?q=%2F/' })
  t.same(parse('/a%2Fb%20c/'), { path: '/a/b c', forwarded: '/a/b%20c', query: '' })
  t.same(parse('http://host:1/a?x'), { path: '/a', forwarded: '/a', query: '?x' })
  t.same(parse('/'), { path: '/', forwarded: '/', query: '' })
  t.same(parse('/?x=1'), { path: '/', forwarded: '/', query: '?x=1' })
  t.equal(parse('/a%zz'), undefined)
  t.equal(parse('*'), undefined)
})
