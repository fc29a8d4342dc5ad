import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { replyProblems, routes } from './contract.ts'

/** The whole contract, beside a checkout that has it. */
const folder = new URL('../../../../../shared/contract/', import.meta.url)
const skip = existsSync(folder) ? false : 'the contract is not beside the repository'
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

const GROUPS = [
  'connectors',
  'market-data',
  'rate-oracle',
  'system',
  'root',
  'framework',
  'accounts',
  'trading',
  'portfolio',
  'backtesting',
]

t.test('the excerpt has every route of its groups', { skip }, async (t) => {
  const wanted = read('routes.csv')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .filter(([, path = '', group = '']) => GROUPS.includes(group) || (group === 'websocket' && path.includes('market')))
    // Wallets of the DEX gateway are a service of their own.
    .filter(([, path = '']) => !path.startsWith('/accounts/gateway'))
    .map(([method, path, group]) => `${method} ${path} ${group}`)
  t.same(
    routes.map(({ method, path, group }) => `${method} ${path} ${group}`),
    wanted,
  )
})

t.test('its schemas are those of the whole contract', { skip }, async (t) => {
  const schemas = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
  const fixture = new URL('../../fixtures/rest-contract.json', import.meta.url)
  const excerpt = schemas.parse(JSON.parse(readFileSync(fixture, 'utf8')))
  const whole = schemas.parse(JSON.parse(read('openapi.json')))
  for (const [name, schema] of Object.entries(excerpt.components.schemas))
    t.same(schema, whole.components.schemas[name], name)
})

t.test('a reply that does not fit is told', async (t) => {
  const prices = { method: 'POST', path: '/market-data/prices' }
  t.same(replyProblems(prices, { connector: 'a', prices: { 'A-B': 1 }, timestamp: 1 }), [])
  t.same(replyProblems(prices, { connector: 'a', prices: { 'A-B': '1' }, timestamp: 1 }), [
    '/prices/A-B: must be number',
  ])
  t.same(replyProblems(prices, {}).length, 3)
  t.same(replyProblems({ method: 'GET', path: '/nowhere' }, {}), ['the contract has no reply of GET /nowhere'])
})
