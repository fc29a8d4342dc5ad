import type { Colibri } from '@colibri/system-tests'
import { perSecond } from '../measure.ts'
import { openRepeater } from '../raw-client.ts'
import type { Figure } from '../report.ts'

const CLIENTS = 32
const WARM_UP_MS = 4_000
const SUSTAINED_MS = 30_000

const headers = {
  authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}`,
  'content-type': 'application/json',
}

/** How often a second each of the requests is answered, when every client sends one after the other. */
const throughput = async (colibri: Colibri, path: string, requests: readonly object[], ms: number): Promise<number> => {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, n) =>
      openRepeater(colibri.url + path, headers, JSON.stringify(requests[n % requests.length])),
    ),
  )
  const one = async (worker: number): Promise<void> => clients[worker]?.once()
  try {
    await perSecond(CLIENTS, WARM_UP_MS, one)
    return await perSecond(CLIENTS, ms, one)
  } finally {
    for (const client of clients) client.close()
  }
}

const order = (tradeType: 'BUY' | 'SELL'): object => ({
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: tradeType,
  amount: '0.001',
  order_type: 'MARKET',
})

/** Orders that are filled at once, bought and sold in turn, so that neither open orders nor balances grow; cached state. */
export const measureThroughput = async (colibri: Colibri): Promise<readonly Figure[]> => [
  {
    name: `orders placed and filled through the edge, ${CLIENTS} clients, 30 s`,
    value: await throughput(colibri, '/trading/orders', [order('BUY'), order('SELL')], SUSTAINED_MS),
    unit: 'orders/s',
    target: { atLeast: 300 },
  },
  {
    name: `POST /portfolio/state, cached, ${CLIENTS} clients`,
    value: await throughput(colibri, '/portfolio/state', [{}], 10_000),
    unit: 'requests/s',
    target: { atLeast: 2_000 },
  },
]
