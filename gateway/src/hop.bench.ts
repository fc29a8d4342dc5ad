import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type TearsDown, testNats } from '@colibri/testkit'
import { ask, basic, until } from './testing/http.ts'
import { startPeer } from './testing/peer.ts'

/** What the edge adds to a call: the same peer asked directly and through an edge process, in turn, one at a time. */
const ROUNDS = 3000
const WARM_UP = 1000

const teardowns: (() => unknown)[] = []
const scope: TearsDown = { teardown: (callback) => void teardowns.push(callback) }
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const headers = { authorization: basic('admin:admin'), 'content-type': 'application/json' }

/** Microseconds from sending to the last byte of the reply. */
const timed = (base: URL, method: string, path: string, body: string | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = performance.now()
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const options = {
      hostname: base.hostname,
      port: base.port,
      method,
      path,
      headers: { ...headers, ...length },
      agent,
    }
    const req = request(options, (res) => {
      res.resume()
      res.on('end', () => resolve((performance.now() - started) * 1000))
      if (res.statusCode !== 200) reject(new Error(`status ${res.statusCode}`))
    })
    req.on('error', reject)
    req.end(body)
  })

const quantile = (sorted: readonly number[], q: number): number =>
  Math.round(sorted[Math.floor(sorted.length * q)] ?? 0)

const nats = await testNats(scope)
const payload = JSON.stringify({ id: 'x'.repeat(200) })
const peer = await startPeer(scope, nats, 'trading', (_req, res) => {
  res.setHeader('content-type', 'application/json')
  res.end(payload)
})
const main = fileURLToPath(new URL('./main.js', import.meta.url))
const edge = spawn(process.execPath, [main], {
  env: {
    EDGE_TOKEN: 'bench',
    GATEWAY_PORT: '0',
    NATS_URL: nats.url,
    NATS_USER: nats.options.user,
    NATS_PASSWORD: nats.options.pass,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
teardowns.push(() => edge.kill('SIGTERM'))
let log = ''
edge.stdout.on('data', (chunk) => {
  log += String(chunk)
})
await until('the edge listens', () => log.includes('the edge listens'))
const url = /"url":"(http:[^"]+)"/.exec(log)?.[1] ?? ''
await until('trading is ready', async () =>
  (await ask(url, { path: '/health/ready' })).text.includes('"trading":{"required":true,"ready":1'),
)

const body = JSON.stringify({ account_name: 'master_account', amount: '1', trading_pair: 'BTC-USDT' })
for (const [method, path, sent] of [
  ['GET', '/accounts', undefined],
  ['POST', '/trading/orders', body],
] as const) {
  const direct: number[] = []
  const through: number[] = []
  for (let n = 0; n < WARM_UP + ROUNDS; n += 1) {
    const one = await timed(new URL(peer.url), method, path, sent)
    const two = await timed(new URL(url), method, path, sent)
    if (n < WARM_UP) continue
    direct.push(one)
    through.push(two)
  }
  direct.sort((a, b) => a - b)
  through.sort((a, b) => a - b)
  const result = {
    bench: `edge hop, ${method}`,
    direct_p50_us: quantile(direct, 0.5),
    edge_p50_us: quantile(through, 0.5),
    added_p50_us: quantile(through, 0.5) - quantile(direct, 0.5),
    direct_p99_us: quantile(direct, 0.99),
    edge_p99_us: quantile(through, 0.99),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
agent.destroy()
for (const teardown of teardowns.reverse()) await teardown()
