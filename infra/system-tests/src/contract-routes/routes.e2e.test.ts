import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { type Api, api } from '../api.ts'
import { startColibri } from '../colibri.ts'
import { type Route, routes } from './contract.ts'
import { PATIENCE_MS } from './fuzz.ts'
import { patient } from './patient-api.ts'
import { type Prepared, prepare } from './prepare.ts'
import { goodRequest } from './route-requests.ts'
import { socketProblems } from './socket-route.ts'
import { type RouteResult, routeTable, tableIn, withTable } from './status-table.ts'

const page = new URL('../../../../docs/status.md', import.meta.url)

/** Groups by the name of their table; what is in none is in the first. */
const BACKTESTS = 'backtesting'
const ACCOUNTS = ['accounts', 'trading', 'portfolio']
const tables = [
  { name: 'market data', has: ({ group }: Route) => !ACCOUNTS.includes(group) && group !== BACKTESTS },
  { name: 'accounts, trading and portfolio', has: ({ group }: Route) => ACCOUNTS.includes(group) },
  { name: 'backtesting', has: ({ group }: Route) => group === BACKTESTS },
]

const askSocket = async (url: string, route: Route): Promise<RouteResult> => {
  const problems = await socketProblems(url, route.path).catch((error: unknown) => [String(error)])
  return { route, status: problems.length === 0 ? 101 : 0, shape: 'messages', problems }
}

const isEmpty = (reply: unknown, name: string): boolean => {
  const list = typeof reply === 'object' && reply !== null ? Reflect.get(reply, name) : undefined
  return !Array.isArray(list) || list.length === 0
}

const askHttp = async (asked: Api, route: Route, prepared: Prepared): Promise<RouteResult> => {
  const { path, body, shape, status: wanted, filled } = goodRequest(route, prepared)
  const { status, body: reply } = await asked.send(route.method, path, {
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const problems = [
    ...(status === wanted ? [] : [`${status}, not ${wanted}: ${JSON.stringify(reply)}`]),
    ...shape.problems(reply),
    ...(filled !== undefined && isEmpty(reply, filled) ? [`${filled} is empty`] : []),
  ]
  return { route, status, shape: shape.name, problems }
}

t.test('every route answers as the contract says', { timeout: 240_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const asked = patient(api(colibri.url, PATIENCE_MS))
  // Feeds are seen, restarted and removed by some of the routes: there have to be some.
  const feed = { connector_name: 'simulator', trading_pair: 'ETH-USDT' }
  for (const path of ['/market-data/candles', '/market-data/trading-pair/add'])
    t.equal((await asked.post(path, feed)).status, 200, `${path} opens a feed`)
  const prepared = await prepare(asked, (await colibri.run()).urls.simulator ?? '')

  const results: RouteResult[] = []
  for (const route of routes)
    results.push(await (route.method === 'WS' ? askSocket(colibri.url, route) : askHttp(asked, route, prepared)))
  for (const { route, problems } of results)
    t.same(problems, [], `${route.method} ${route.path} answers, in the shape of the contract`)

  for (const { name, has } of tables) {
    const table = routeTable(results.filter(({ route }) => has(route)))
    const written = await readFile(page, 'utf8')
    if (process.env.UPDATE_STATUS === '1') await writeFile(page, withTable(written, name, table))
    else t.equal(tableIn(written, name), table, 'docs/status.md shows these results (UPDATE_STATUS=1 writes them)')
  }
})
