import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { startColibri } from './colibri.ts'

t.test(
  'a plain NATS client sees events.order.> live and replays them from the start',
  { timeout: 120_000 },
  async (t) => {
    const colibri = await startColibri()
    t.teardown(() => colibri.stop())
    const { urls } = await colibri.run()
    const secrets = JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')) as {
      nats: Record<string, string>
    }
    const pass = secrets.nats.subscriber ?? ''
    const nats = await connect({ servers: urls.nats ?? '', user: 'subscriber', pass })
    t.teardown(() => nats.close())
    const live: string[] = []
    nats.subscribe('events.order.>', { callback: (_error, message) => void live.push(message.subject) })
    await nats.flush()

    const reply = await colibri.api.post('/trading/orders', {
      account_name: 'master_account',
      connector_name: 'simulator',
      trading_pair: 'BTC-USDT',
      trade_type: 'BUY',
      amount: '0.001',
      order_type: 'MARKET',
    })
    const id = (reply.body as { order_id: string }).order_id
    const wanted = ['OrderSubmitted', 'OrderAccepted', 'OrderFilled'].map((type) => `events.order.${id}.${type}`)
    const deadline = Date.now() + 60_000
    while (!wanted.every((subject) => live.includes(subject)) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50))
    for (const subject of wanted) t.ok(live.includes(subject), `${subject} was seen live`)

    const replayed: string[] = []
    const consumer = await jetstream(nats).consumers.get('EVENTS', { filter_subjects: ['events.order.>'] })
    for await (const message of await consumer.fetch({ max_messages: 1_000, expires: 2_000 }))
      replayed.push(message.subject)
    t.same(
      replayed.filter((subject) => subject.includes(id)),
      live.filter((subject) => subject.includes(id)),
      'the replay says the same, in order',
    )
  },
)
