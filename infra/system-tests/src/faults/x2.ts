import { setTimeout as sleep } from 'node:timers/promises'
import { mustAgree } from '../agreement.ts'
import { type Colibri, startColibri } from '../colibri.ts'
import { untilAgreed } from '../crash-run.ts'
import { clearFaults, injectFault, moveMarket } from '../simulator.ts'
import { balanceDifferences, differences, positionsOf, readBooks, readFills } from './exchange-books.ts'
import type { Fault } from './fault.ts'
import { randomBy } from './random.ts'
import { until } from './until.ts'

const ORDERS_A_ROUND = 50
const PATIENCE_MS = 120_000
const account = 'master_account'

/** What the exchange's stream and lists do to fills, and how often. */
const FILL_FAULTS = [
  { kind: 'duplicate-fill', probability: 0.2, delayMs: 0 },
  { kind: 'reorder-fills', probability: 0.2, delayMs: 700 },
  { kind: 'late-fill', probability: 0.15, delayMs: 1_500 },
  { kind: 'lost-fill', probability: 0.1, delayMs: 0 },
  { kind: 'late-lost-fill', probability: 0.1, delayMs: 1_500 },
] as const

const markets = [
  { connector_name: 'simulator', trading_pair: 'BTC-USDT', symbol: 'BTCUSDT', market: 'spot', lot: 0.0001 },
  { connector_name: 'simulator', trading_pair: 'ETH-USDT', symbol: 'ETHUSDT', market: 'spot', lot: 0.001 },
  { connector_name: 'simulator_perpetual', trading_pair: 'BTC-USDT', symbol: 'BTCUSDT', market: 'futures', lot: 0.001 },
  { connector_name: 'simulator_perpetual', trading_pair: 'ETH-USDT', symbol: 'ETHUSDT', market: 'futures', lot: 0.01 },
] as const
type Market = (typeof markets)[number]

const priceOf = async (colibri: Colibri, { connector_name, trading_pair }: Market): Promise<number> => {
  const reply = await colibri.api.post('/market-data/prices', { connector_name, trading_pairs: [trading_pair] })
  const price = (reply.body as { prices?: Record<string, number> }).prices?.[trading_pair]
  if (price === undefined) throw new Error(`no price of ${trading_pair}: ${reply.status} ${JSON.stringify(reply.body)}`)
  return price
}

const cancel = (colibri: Colibri, connectorName: string, id: string): Promise<unknown> =>
  colibri.api.post(`/trading/${account}/${connectorName}/orders/${id}/cancel`, {})

interface ActiveOrder {
  readonly order_id: string
  readonly connector_name: string
}

const activeOrders = async (colibri: Colibri): Promise<readonly ActiveOrder[]> => {
  const reply = await colibri.api.post('/trading/orders/active', { limit: 1000 })
  return (reply.body as { data: ActiveOrder[] }).data
}

/** Places one order by chance, at the market or where a small move of it fills some of it, and may cancel it at once. */
const trade = async (colibri: Colibri, random: () => number): Promise<'placed' | 'refused'> => {
  const market = markets[Math.floor(random() * markets.length)] ?? markets[0]
  const price = await priceOf(colibri, market)
  const limit = random() < 0.6
  const side = random() < 0.5 ? 'BUY' : 'SELL'
  const reply = await colibri.api.post('/trading/orders', {
    account_name: account,
    connector_name: market.connector_name,
    trading_pair: market.trading_pair,
    trade_type: side,
    amount: (market.lot * (1 + Math.floor(random() * 30))).toFixed(4),
    ...(limit
      ? { order_type: 'LIMIT', price: (price * (1 + (random() - 0.5) * 0.002)).toFixed(2) }
      : { order_type: 'MARKET' }),
  })
  if (reply.status === 400) return 'refused'
  if (reply.status !== 201) throw new Error(`order refused: ${reply.status} ${JSON.stringify(reply.body)}`)
  const id = (reply.body as { order_id: string }).order_id
  if (limit && random() < 0.5) {
    await sleep(random() * 300)
    await cancel(colibri, market.connector_name, id)
  }
  return 'placed'
}

const positionsAtVenue = async (colibri: Colibri): Promise<ReadonlyMap<string, number>> => {
  const reply = await colibri.api.post('/trading/positions', { limit: 1000 })
  const rows = (reply.body as { data: { trading_pair: string; amount: number }[] }).data
  return new Map(rows.map((row) => [row.trading_pair, row.amount]))
}

/** One round is fifty orders by chance on spot and perpetual markets, two out of three of their fills told wrongly. */
export const x2: Fault = {
  title: 'fills told twice, out of order, late, never, and after the cancel, under random load',
  run: async ({ rounds, say, colibri: running }) => {
    const colibri = running ?? (await startColibri())
    try {
      const seed = Math.floor(Math.random() * 2 ** 31)
      say(`seed ${seed}`)
      const random = randomBy(seed)
      const { simulator = '', postgres = '' } = (await colibri.run()).urls
      for (const fault of FILL_FAULTS) await injectFault(simulator, { on: 'fill', times: null, ...fault })
      let placed = 0
      for (let round = 0; round < rounds; round++) {
        for (let n = 0; n < ORDERS_A_ROUND; n++) {
          if ((await trade(colibri, random)) === 'placed') placed++
          if (n % 5 !== 4) continue
          const market = markets[Math.floor(random() * markets.length)] ?? markets[0]
          const price = (await priceOf(colibri, market)) * (1 + (random() - 0.5) * 0.003)
          await moveMarket(
            simulator,
            market,
            price.toFixed(1),
            (market.lot * (1 + Math.floor(random() * 20))).toFixed(4),
          )
        }
        say(`round ${round + 1}: ${placed} orders so far`)
      }
      await until('every order is over', PATIENCE_MS, async () => {
        const active = await activeOrders(colibri)
        await Promise.all(active.map((order) => cancel(colibri, order.connector_name, order.order_id)))
        return active.length === 0
      })
      const judge = async (): Promise<readonly string[]> => {
        const books = await readBooks(simulator)
        const read = await readFills(postgres)
        return [...differences(books, read), ...balanceDifferences(books, read.fills)]
      }
      let found: readonly string[] = []
      await until('the log agrees with the exchange', PATIENCE_MS, async () => {
        found = await judge()
        return found.length === 0
      }).catch(() => {
        throw new Error(`${found.length} differences: ${found.slice(0, 5).join('; ')}`)
      })
      const { fills } = await readFills(postgres)
      const atVenue = await positionsAtVenue(colibri)
      const positions = positionsOf(fills)
      for (const pair of new Set([...positions.keys(), ...atVenue.keys()])) {
        if (Number(positions.get(pair) ?? 0) !== (atVenue.get(pair) ?? 0))
          throw new Error(
            `${pair}: the fills make ${positions.get(pair) ?? 0}, the exchange has ${atVenue.get(pair) ?? 0}`,
          )
      }
      mustAgree(await untilAgreed(colibri, [], PATIENCE_MS))
      return {
        seed,
        'orders placed': placed,
        fills: fills.length,
        'fills missing, twice or different': 0,
        'balances and positions different': 0,
        'perpetual positions held at the end': positions.size,
      }
    } finally {
      await clearFaults((await colibri.run()).urls.simulator ?? '')
      if (running === undefined) await colibri.stop()
    }
  },
}
