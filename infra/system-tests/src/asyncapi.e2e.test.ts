import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncApi } from '@colibri/contracts'
import { socketClient } from '@colibri/testkit'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Ajv } from 'ajv'
import t from 'tap'
import { startColibri } from './colibri.ts'

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string | null; readonly messages: object }>>
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload?: object }>> }
}

const document = JSON.parse(JSON.stringify(asyncApi())) as Document
const ajv = new Ajv({ strict: false, validateFormats: false })

/** Why a message is not as the document says; undefined when it is. */
const wrong = (subject: string, payload: unknown): string | undefined => {
  for (const { address, messages } of Object.values(document.channels)) {
    const pattern = (address ?? '').replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^.]+')
    if (!new RegExp(`^${pattern}$`).test(subject)) continue
    const fits = Object.keys(messages).some((name) =>
      ajv.validate(document.components.messages[name]?.payload ?? {}, payload),
    )
    return fits ? undefined : `${subject}: ${JSON.stringify(payload).slice(0, 300)}`
  }
  return `${subject} is not described`
}

t.test('what is said on NATS is what the AsyncAPI document says', { timeout: 120_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const { urls } = await colibri.run()
  const secrets = JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')) as {
    nats: Record<string, string>
  }
  const login = async (user: string): Promise<NatsConnection> => {
    const nats = await connect({ servers: urls.nats ?? '', user, pass: secrets.nats[user] ?? '' })
    t.teardown(() => nats.close())
    return nats
  }
  const [subscriber, launcher] = await Promise.all([login('subscriber'), login('launcher')])
  const seen = new Set<string>()
  const problems: string[] = []
  const wanted = new Set([
    'instances',
    'OrderSubmitted',
    'OrderAccepted',
    'OrderFilled',
    ...['book', 'trades', 'ticker', 'funding', 'candles-1m'],
  ])
  const complete = Promise.withResolvers<void>()
  const look = (nats: NatsConnection, subjects: string): void => {
    nats.subscribe(subjects, {
      callback: (_error, message) => {
        const problem = wrong(message.subject, message.json())
        if (problem !== undefined) problems.push(problem)
        const parts = message.subject.split('.')
        seen.add(parts[0] === 'instances' ? 'instances' : (parts.at(-1) ?? ''))
        if ([...wanted].every((one) => seen.has(one))) complete.resolve()
      },
    })
  }
  look(subscriber, 'events.>')
  look(subscriber, 'market.>')
  look(launcher, 'instances.*')
  await Promise.all([subscriber.flush(), launcher.flush()])

  const client = socketClient(`${colibri.url}/ws/market-data`)
  t.teardown(() => client.socket.terminate())
  const subscribe = { action: 'subscribe', connector: 'simulator', trading_pair: 'BTC-USDT', update_interval: 0.25 }
  for (const type of ['order_book', 'trades', 'ticker', 'candles']) client.say({ ...subscribe, type })
  client.say({ ...subscribe, type: 'funding', connector: 'simulator_perpetual' })
  const placed = await colibri.api.post('/trading/orders', {
    account_name: 'master_account',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    amount: '0.001',
    order_type: 'MARKET',
  })
  t.equal(placed.status, 201)
  await complete.promise
  t.same(problems, [])
  t.match(wrong('market.simulator.BTC-USDT.book', { type: 'update' }), /^market/, 'the check can fail')
  t.match(wrong('events.nothing.x.Happened', {}), /is not described/)
})
