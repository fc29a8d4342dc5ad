import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestKurrent } from '@colibri/event-log/testing'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { api } from './api.ts'
import { type Colibri, startColibri } from './colibri.ts'

interface Row {
  readonly order_id: string
  readonly status: string
}

const rows = (body: unknown): readonly Row[] => (body as { data: Row[] }).data

const until = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
  const deadline = Date.now() + 90_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await sleep(50)
  }
}

/** The subjects of orders' events as another program hears them. */
const heard = async (colibri: Colibri): Promise<{ subjects: string[]; close(): Promise<void> }> => {
  const secrets = JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')) as {
    nats: Record<string, string>
  }
  const { urls } = await colibri.run()
  const nats = await connect({ servers: urls.nats ?? '', user: 'subscriber', pass: secrets.nats.subscriber ?? '' })
  const subjects: string[] = []
  nats.subscribe('events.order.>', { callback: (_error, message) => void subjects.push(message.subject) })
  await nats.flush()
  return { subjects, close: () => nats.close() }
}

t.test(
  'the whole system on EVENT_LOG=kurrentdb: an order filled, listed, and found again after a restart',
  {
    timeout: 180_000,
  },
  async (t) => {
    const kurrent = await startTestKurrent()
    t.teardown(() => kurrent.kill())
    const colibri = await startColibri({ env: { EVENT_LOG: 'kurrentdb', KURRENTDB_URL: kurrent.url } })
    t.teardown(() => colibri.stop())
    // The stand-in keeps its events in a list: it is slow, and this is no test of speed.
    const client = api(colibri.url, 30_000)
    const { subjects, close } = await heard(colibri)
    t.teardown(close)

    const order = { account_name: 'master_account', connector_name: 'simulator', trading_pair: 'BTC-USDT' }
    const placed = await client.post('/trading/orders', {
      ...order,
      trade_type: 'BUY',
      amount: 0.01,
      order_type: 'MARKET',
    })
    t.equal(placed.status, 201)
    const id = (placed.body as { order_id: string }).order_id
    const found = async (): Promise<Row | undefined> =>
      rows((await client.post('/trading/orders/search', {})).body).find((row) => row.order_id === id)
    await until('the order is listed as filled', async () => (await found())?.status === 'FILLED')
    const trades = rows((await client.post('/trading/trades', {})).body)
    t.ok(
      trades.some((trade) => trade.order_id === id),
      'and in trades',
    )
    const history = async (): Promise<string[]> =>
      ((await client.get(`/trading/orders/${id}/events`)).body as { type: string }[]).map(({ type }) => type)
    // Stream and reply race: the order's acceptance may be told after its fill.
    await until('its history is complete', async () => {
      const types = await history()
      return types.includes('OrderAccepted') && types.includes('OrderFilled')
    })
    const before = await history()
    t.equal(before[0], 'OrderSubmitted')
    await until('the relay has copied its events', () => subjects.length >= before.length)
    t.same(
      subjects,
      before.map((type) => `events.order.${id}.${type}`),
    )

    await colibri.kill('trading')
    await until('trading is back', async () => (await client.post('/trading/orders/search', {})).status === 200)
    t.equal((await found())?.status, 'FILLED')
    t.same(await history(), before)
  },
)
