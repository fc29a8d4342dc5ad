import { readFile } from 'node:fs/promises'
import { type Colibri, startColibri } from '@colibri/system-tests'
import { measureMarketData } from './market-data.ts'
import { latency, perSecond, timeEach } from './measure.ts'
import { openRepeater } from './raw-client.ts'
import { replicaOf } from './replica-url.ts'
import type { Figure } from './report.ts'

const WARM_UP_ORDERS = 500
const WARM_UP_REQUESTS = 2_000
const CLIENTS = 8

/** Start-up, idle memory, the edge's cost and order-to-ack, on the whole system as `npm start` runs it. */
export const measureSystem = async (): Promise<readonly Figure[]> => {
  const begin = performance.now()
  const colibri = await startColibri()
  const startUp = (performance.now() - begin) / 1000
  try {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const memory = await residentMegabytes(colibri)
    return [
      { name: 'warm start, built, to READY', value: startUp, unit: 's', target: { atMost: 12 } },
      { name: 'idle memory, all processes', value: memory, unit: 'MB', target: { atMost: 900 } },
      ...(await measureEdge(colibri)),
      ...(await measureOrders(colibri)),
      ...(await measureMarketData(colibri)),
    ]
  } finally {
    await colibri.stop()
  }
}

/** Proportional set size: pages shared between processes (the Node binary, Postgres buffers) count once. */
const residentMegabytes = async (colibri: Colibri): Promise<number> => {
  const { processes } = await colibri.run()
  const pids = [colibri.launcher.pid ?? 0, ...processes.map((one) => one.pid)]
  const sizes = await Promise.all([...new Set([...pids, ...(await childrenOf(pids))])].map(proportionalKilobytes))
  return sizes.reduce((sum, size) => sum + size, 0) / 1024
}

const proportionalKilobytes = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0)
}

const childrenOf = async (pids: readonly number[]): Promise<readonly number[]> => {
  const children = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim().split(' '),
    ),
  )
  const found = children
    .flat()
    .map(Number)
    .filter((pid) => pid > 0)
  return found.length === 0 ? [] : [...found, ...(await childrenOf(found))]
}

/** The same cheap request through the edge and straight at the service, alternating. */
const measureEdge = async (colibri: Colibri): Promise<readonly Figure[]> => {
  const { url, edgeToken } = await replicaOf(colibri, 'market-data')
  const edge = await openRepeater(`${colibri.url}/connectors/`, login)
  const service = await openRepeater(`${url}/connectors`, { 'x-colibri-edge-token': edgeToken })
  try {
    const both = async (): Promise<readonly [number, number]> => [await timed(edge.once), await timed(service.once)]
    // Until the compilers have seen both ways, they and not the ways are measured.
    for (let n = 0; n < WARM_UP_REQUESTS; n++) await both()
    const samples: (readonly [number, number])[] = []
    for (let n = 0; n < 4_000; n++) samples.push(await both())
    const [through, straight] = [latency(samples.map(([ms]) => ms)), latency(samples.map(([, ms]) => ms))]
    return [
      { name: 'request through the edge, p50', value: through.p50, unit: 'ms' },
      { name: 'request straight at the service, p50', value: straight.p50, unit: 'ms' },
      { name: 'edge adds, p50', value: through.p50 - straight.p50, unit: 'ms', target: { atMost: 0.3 } },
    ]
  } finally {
    edge.close()
    service.close()
  }
}

const login = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

const timed = async (work: () => Promise<void>): Promise<number> => {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** From the request at the edge to its 201: intent stored, venue asked, outcome stored. */
const measureOrders = async (colibri: Colibri): Promise<readonly Figure[]> => {
  const headers = { ...login, 'content-type': 'application/json' }
  const body = JSON.stringify({
    account_name: 'master_account',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    amount: '0.01',
    order_type: 'LIMIT',
    price: '1000',
  })
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => openRepeater(`${colibri.url}/trading/orders`, headers, body)),
  )
  const place = async (worker: number): Promise<void> => clients[worker]?.once()
  try {
    // Until the compilers have seen the path, they and not the path are measured.
    await timeEach(WARM_UP_ORDERS, () => place(0))
    const ack = latency(await timeEach(1_000, () => place(0)))
    return [
      { name: 'order to ack, p50', value: ack.p50, unit: 'ms', target: { atMost: 5 } },
      { name: 'order to ack, p99', value: ack.p99, unit: 'ms', target: { atMost: 20 } },
      { name: `orders, ${CLIENTS} clients at once`, value: await perSecond(CLIENTS, 5_000, place), unit: 'orders/s' },
    ]
  } finally {
    for (const client of clients) client.close()
  }
}
