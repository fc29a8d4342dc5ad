import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { Api } from '../api.ts'
import { startColibri } from '../colibri.ts'
import { type Route, routes } from './contract.ts'
import { patient } from './patient-api.ts'
import { goodRequest } from './route-requests.ts'
import { socketProblems } from './socket-route.ts'
import { type RouteResult, routeTable, tableIn, withTable } from './status-table.ts'

const page = new URL('../../../../docs/status.md', import.meta.url)

const askSocket = async (url: string, route: Route): Promise<RouteResult> => {
  const problems = await socketProblems(url, route.path).catch((error: unknown) => [String(error)])
  return { route, status: problems.length === 0 ? 101 : 0, shape: 'messages', problems }
}

const askHttp = async (api: Api, route: Route): Promise<RouteResult> => {
  const { path, body, shape } = goodRequest(route)
  const reply = await api.send(route.method, path, {
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { route, status: reply.status, shape: shape.name, problems: shape.problems(reply.body) }
}

t.test('every route of market data answers as the contract says', { timeout: 180_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const api = patient(colibri.api)
  // Feeds are seen, restarted and removed by some of the routes: there have to be some.
  const feed = { connector_name: 'simulator', trading_pair: 'ETH-USDT' }
  for (const path of ['/market-data/candles', '/market-data/trading-pair/add'])
    t.equal((await api.post(path, feed)).status, 200, `${path} opens a feed`)

  const results: RouteResult[] = []
  for (const route of routes)
    results.push(await (route.method === 'WS' ? askSocket(colibri.url, route) : askHttp(api, route)))
  for (const { route, status, problems } of results) {
    t.equal(status, route.method === 'WS' ? 101 : 200, `${route.method} ${route.path} answers`)
    t.same(problems, [], `${route.method} ${route.path} has the shape of the contract`)
  }

  const table = routeTable(results)
  const written = await readFile(page, 'utf8')
  if (process.env.UPDATE_STATUS === '1') await writeFile(page, withTable(written, table))
  else t.equal(tableIn(written), table, 'docs/status.md shows these results (UPDATE_STATUS=1 writes them)')
})
