import { openPostgresLog, rebuildProjection, runProjection } from '@colibri/event-log'
import { testPostgres } from '@colibri/testkit'
import { expressionBuilder, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { countOrders } from './count-orders.ts'
import { ordersProjection } from './orders.projection.ts'
import type { OrdersTable, OrdersTables } from './orders.tables.ts'

const DAY_MS = 86_400_000
const begin = Date.parse('2026-03-01T21:00:00.000Z')
const ORDERS = 120

/** Orders every two hours over ten days, on two accounts, a third of them refused later. */
const intentOf = (n: number) => ({
  clientOrderId: `CLB${n}`,
  accountName: n % 4 === 0 ? 'second' : 'master_account',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '1',
  price: '1',
  positionAction: 'OPEN',
  requestedAmount: '1',
  requestedPrice: '1',
})

t.test('orders are counted by their days as they would be one by one', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  const log = await openPostgresLog({ pool })
  // What is left of it ends with the server.
  pool.on('error', () => undefined)
  t.teardown(async () => {
    await log.close()
    await pool.end()
  })
  // Started first, so that it takes the orders in whatever batches they come.
  const running = await runProjection(log, pool, ordersProjection, { schema: 'trading' })
  for (let n = 0; n < ORDERS; n++) {
    const metadata = { actor: 'user:test', correlationId: 'c', causationId: 'c', time: begin + (n * DAY_MS) / 12 }
    const event = (type: string, data: object) => ({ id: crypto.randomUUID(), type, schemaVersion: 1, data, metadata })
    await log.append(`order-CLB${n}`, [event('OrderSubmitted', intentOf(n))], 'none')
    if (n % 3 === 0) await log.append(`order-CLB${n}`, [event('OrderRejected', { reason: 'test' })], 0)
  }
  await running.catchUp(60_000)
  await running.stop()

  const byKind = async () =>
    (await pool.query('select * from trading.order_counts order by 1, 2, 3, 4, 5')).rows as unknown[]
  const counted = await byKind()
  t.equal(counted.length > 20, true)
  await rebuildProjection(log, pool, ordersProjection, { schema: 'trading' })
  t.same(await byKind(), counted, 'a rebuild counts the same')

  const db = new Kysely<OrdersTables>({ dialect: new PostgresDialect({ pool }) })
  const o = expressionBuilder<{ o: OrdersTable }, 'o'>()
  const kinds = [
    o.and([]),
    o('o.account_name', '=', 'second'),
    o.and([o('o.status', '=', 'FAILED'), o('o.account_name', '=', 'master_account')]),
  ]
  const midnight = Date.parse('2026-03-04T00:00:00.000Z')
  const times = [
    [undefined, undefined],
    [undefined, new Date(midnight)],
    [undefined, new Date(midnight - 1)],
    [new Date(midnight), undefined],
    [new Date(midnight + 1), undefined],
    [new Date(midnight), new Date(midnight + 2 * DAY_MS - 1)],
    [new Date(midnight + 3_600_000), new Date(midnight + 7_200_000)],
    [new Date(midnight - 40_000_000), new Date(midnight + 300_000_000)],
    [new Date(begin), new Date(begin)],
    [new Date(midnight + DAY_MS), new Date(midnight)],
  ] as const
  for (const kind of kinds) {
    for (const [from, to] of times) {
      let all = db
        .selectFrom('trading.orders as o')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where(kind)
      if (from !== undefined) all = all.where('o.created_at', '>=', from)
      if (to !== undefined) all = all.where('o.created_at', '<=', to)
      const { count } = await all.executeTakeFirstOrThrow()
      t.equal(
        String(await countOrders(db, { kind, from, to })),
        count,
        `${from?.toISOString()} to ${to?.toISOString()}`,
      )
    }
  }
})
