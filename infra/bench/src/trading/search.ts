import type { Colibri } from '@colibri/system-tests'
import { z } from 'zod'
import { ask } from '../http-client.ts'
import { latency } from '../measure.ts'
import type { Figure } from '../report.ts'

const page = z.object({
  data: z.array(z.object({ order_id: z.string() })),
  pagination: z.object({ next_cursor: z.string().nullable(), total_count: z.number() }),
})

const REQUESTS = 300
const DAY_MS = 86_400_000

const headers = {
  authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}`,
  'content-type': 'application/json',
}

const search = async (colibri: Colibri, request: object) => {
  const { status, body } = await ask(`${colibri.url}/trading/orders/search`, headers, {
    method: 'POST',
    body: JSON.stringify(request),
  })
  if (status !== 200) throw new Error(`search answered ${status}: ${body}`)
  return page.parse(JSON.parse(body))
}

/** Each kind of search a client sends: everything, one of each filter, several, a time range, what is rare. */
const kinds: readonly (readonly [name: string, (n: number) => object])[] = [
  ['no filter', () => ({})],
  ['one account', () => ({ account_names: ['second'] })],
  ['an account with few orders', () => ({ account_names: ['quiet_account'] })],
  ['one pair', () => ({ trading_pairs: ['ADA-USDT'] })],
  ['one status', () => ({ status: 'CANCELLED' })],
  [
    'account, connector, pair and status',
    () => ({
      account_names: ['master_account'],
      connector_names: ['simulator'],
      trading_pairs: ['BTC-USDT'],
      status: 'FAILED',
    }),
  ],
  [
    'several accounts and pairs',
    () => ({ account_names: ['second', 'third'], trading_pairs: ['BTC-USDT', 'ETH-USDT'] }),
  ],
  [
    'a range of days, one status',
    (n) => ({
      start_time: Date.now() - (20 + (n % 60)) * DAY_MS,
      end_time: Date.now() - (n % 19) * DAY_MS,
      status: 'FILLED',
    }),
  ],
]

/** A cursor in the middle of the list, as a client that pages through everything comes to. */
const cursorAt = async (colibri: Colibri, request: object, days: number): Promise<object> => {
  const { data, pagination } = await search(colibri, { ...request, end_time: Date.now() - days * DAY_MS, limit: 50 })
  return data.length === 0 || pagination.next_cursor === null ? request : { ...request, cursor: pagination.next_cursor }
}

/** Latency of searches over everything there is, each kind from the front and from deep cursors, one after the other. */
export const measureSearch = async (colibri: Colibri): Promise<readonly Figure[]> => {
  const { pagination } = await search(colibri, {})
  const all: number[] = []
  const figures: Figure[] = []
  for (const [name, request] of kinds) {
    const samples: number[] = []
    const cursors = await Promise.all([5, 30, 60, 85].map((days) => cursorAt(colibri, request(0), days)))
    for (let n = 0; n < REQUESTS; n++) {
      const asked = n % 2 === 0 ? request(n) : (cursors[(n >> 1) % cursors.length] ?? {})
      const begin = performance.now()
      await search(colibri, { ...asked, limit: 100 })
      samples.push(performance.now() - begin)
    }
    all.push(...samples)
    figures.push({ name: `orders/search, ${name}, p99`, value: latency(samples).p99, unit: 'ms' })
  }
  const { p50, p99, count } = latency(all)
  return [
    { name: 'orders there are', value: pagination.total_count, unit: 'orders' },
    ...figures,
    { name: `orders/search, all ${count}, p50`, value: p50, unit: 'ms' },
    { name: `orders/search, all ${count}, p99`, value: p99, unit: 'ms', target: { atMost: 50 } },
  ]
}
