import { orderStream } from '@colibri/contracts'
import { type NewEvent, openPostgresLog, randomEventId, rebuildProjection } from '@colibri/event-log'
import { type TearsDown, testPostgres } from '@colibri/testkit'
import pg from 'pg'
import { pnlProjection } from './pnl.projection.ts'

/** How fast profit and loss is rebuilt: orders of many markets, each submitted, accepted and filled twice. */
const ORDERS = 25_000
const MARKETS = 20
const TARGET = 20_000

const teardowns: (() => unknown)[] = []
const scope: TearsDown = { teardown: (callback) => void teardowns.push(callback) }

const event = (type: string, data: object): NewEvent => ({
  id: randomEventId(),
  type,
  schemaVersion: 1,
  data,
  metadata: { correlationId: 'bench', causationId: 'bench', actor: 'venue:simulator', time: 1 },
})

const eventsOf = (order: number): NewEvent[] => {
  const clientOrderId = `CLB${order}`
  const amount = `0.${1 + (order % 97)}`
  const fill = (index: number) =>
    event('OrderFilled', {
      tradeId: String(order * 2 + index),
      price: `${50_000 + (order % 1_000)}.${order % 10}`,
      amount,
      feeAmount: '0.0375',
      feeCurrency: order % 3 === 0 ? 'BNB' : 'USDT',
      feeInQuote: '0.0375',
      liquidity: 'taker',
      venueTime: 1_700_000_000_000 + order * 10 + index,
    })
  const submitted = event('OrderSubmitted', {
    clientOrderId,
    accountName: 'master_account',
    connectorName: 'simulator',
    tradingPair: `T${order % MARKETS}-USDT`,
    tradeType: order % 7 < 3 ? 'BUY' : 'SELL',
    orderType: 'MARKET',
    amount,
    price: null,
    positionAction: 'OPEN',
    requestedAmount: amount,
    requestedPrice: null,
  })
  return [submitted, event('OrderAccepted', { venueOrderId: String(order) }), fill(0), fill(1)]
}

const { url } = await testPostgres(scope)
const pool = new pg.Pool({ connectionString: url })
pool.on('error', () => {})
const log = await openPostgresLog({ pool })
const AT_ONCE = 50
for (let order = 0; order < ORDERS; order += AT_ONCE)
  await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) =>
      log.append(orderStream(`CLB${order + index}`), eventsOf(order + index), 'none'),
    ),
  )
const begin = performance.now()
const { events } = await rebuildProjection(log, pool, pnlProjection, { schema: 'portfolio' })
const seconds = (performance.now() - begin) / 1000
const rate = (counted: number): number => Math.round(counted / seconds)
console.log(
  `${ORDERS * 4} events of the log, ${events} of them for this read model, in ${seconds.toFixed(2)} s: ` +
    `${rate(ORDERS * 4)} and ${rate(events)} events/s (target ${TARGET})`,
)
await log.close()
await pool.end()
for (const teardown of teardowns.reverse()) await teardown()
