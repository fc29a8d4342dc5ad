import type { Colibri } from '@colibri/system-tests'
import { perSecond } from './measure.ts'
import { openRepeater } from './raw-client.ts'
import type { Figure } from './report.ts'

const CLIENTS = 32
const WARM_UP_MS = 3_000
const MEASURED_MS = 10_000

const login = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

/** Prices and books through the edge, from live feeds; edge, service, exchange and client share the machine. */
export const measureMarketData = async (colibri: Colibri): Promise<readonly Figure[]> => [
  await throughput(colibri, 'POST /market-data/prices, 2 pairs', '/market-data/prices', {
    connector_name: 'simulator',
    trading_pairs: ['BTC-USDT', 'ETH-USDT'],
  }),
  await throughput(colibri, 'POST /market-data/order-book, 10 levels', '/market-data/order-book', {
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
  }),
]

const throughput = async (colibri: Colibri, name: string, path: string, request: object): Promise<Figure> => {
  const headers = { ...login, 'content-type': 'application/json' }
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => openRepeater(colibri.url + path, headers, JSON.stringify(request))),
  )
  const one = async (worker: number): Promise<void> => clients[worker]?.once()
  try {
    // The first requests open the feeds, and the compilers have not seen the path yet.
    await perSecond(CLIENTS, WARM_UP_MS, one)
    const value = await perSecond(CLIENTS, MEASURED_MS, one)
    return { name: `${name}, ${CLIENTS} clients`, value, unit: 'requests/s', target: { atLeast: 3_000 } }
  } finally {
    for (const client of clients) client.close()
  }
}
