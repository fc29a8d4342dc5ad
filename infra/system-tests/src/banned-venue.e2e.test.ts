import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { z } from 'zod'
import { api } from './api.ts'
import { type Colibri, startColibri } from './colibri.ts'
import { injectFault } from './simulator.ts'

const order = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.001',
  order_type: 'MARKET',
}

const venueEvent = z.object({ type: z.string(), data: z.object({ host: z.string(), until: z.number().optional() }) })

/** Every event of venues, as a program outside sees them. */
const venueEvents = async (t: { teardown(end: () => Promise<void>): void }, colibri: Colibri) => {
  const { urls } = await colibri.run()
  const secrets = z
    .object({ nats: z.object({ subscriber: z.string() }) })
    .parse(JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')))
  const nats = await connect({ servers: urls.nats ?? '', user: 'subscriber', pass: secrets.nats.subscriber })
  t.teardown(() => nats.close())
  const events: z.infer<typeof venueEvent>[] = []
  nats.subscribe('events.venue.>', {
    callback: (_error, message) => void events.push(venueEvent.parse(message.json())),
  })
  await nats.flush()
  return { events, simulator: urls.simulator ?? '' }
}

const eventually = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error(`${what} did not come`)
}

t.test(
  'a ban that market-data meets stops trading too, and ends when the exchange says',
  { timeout: 180_000 },
  async (t) => {
    const colibri = await startColibri()
    t.teardown(() => colibri.stop())
    const { events, simulator } = await venueEvents(t, colibri)
    const patient = api(colibri.url, 60_000)
    t.equal((await patient.post('/trading/orders', order)).status, 201)

    await injectFault(simulator, { on: 'market-data', kind: '418', retryAfter: '15' })
    let end = Math.floor(Date.now() / 1_000)
    await eventually('the ban', async () => {
      end -= 60_000
      const range = { connector_name: 'simulator', trading_pair: 'BTC-USDT', interval: '1m' }
      await patient.post('/market-data/historical-candles', { ...range, start_time: end - 60, end_time: end })
      return events.length > 0
    })
    const [banned] = events
    t.equal(banned?.type, 'VenueBanned')
    const refused = await patient.post('/trading/orders', order)
    t.equal(refused.status, 503)
    const until = new Date(banned?.data.until ?? 0).toISOString()
    t.same(refused.body, { detail: `simulator has banned this address until ${until}: the order was not sent` })

    await eventually(
      'an order after the ban',
      async () => (await patient.post('/trading/orders', order)).status === 201,
    )
    t.ok(Date.now() >= (banned?.data.until ?? 0) - 1_000, 'not before its end')
    await eventually('the recovery', () => events.length > 1)
    await sleep(1_000)
    t.same(
      events.map(({ type }) => type),
      ['VenueBanned', 'VenueRecovered'],
    )
  },
)
