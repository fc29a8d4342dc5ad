import { setTimeout as sleep } from 'node:timers/promises'
import {
  openSocket,
  type Replica,
  type SocketClient,
  type SocketMessage,
  serviceReplicas,
  testSimulator,
} from '@colibri/testkit'
import t from 'tap'
import { marketData } from '../testing/market-data.ts'

const wish = {
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  type: 'trades',
  update_interval: 0.25,
}

/** Each trade of these messages as one text. */
const tradesOf = (messages: readonly SocketMessage[]): readonly string[] =>
  messages
    .filter(({ type }) => type === 'trades')
    .flatMap(({ data }) => (data as readonly object[]).map((trade) => JSON.stringify(trade)))

t.test('a client whose replica dies goes on at another one', { timeout: 120_000 }, async (t) => {
  const simulator = await testSimulator(t)
  const { start } = await serviceReplicas(t, {
    ...marketData,
    env: { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl },
  })
  const [dying, staying] = await Promise.all([start('dying'), start('staying')])
  const connect = async ({ url, edgeHeaders }: Replica): Promise<SocketClient> => {
    const client = await openSocket(`${url}/ws/market-data`, { headers: edgeHeaders })
    t.teardown(() => client.socket.terminate())
    await client.hear(({ type }) => type === 'connected')
    return client
  }
  let count = 0
  const trade = async (): Promise<void> => {
    count++
    const body = { symbol: 'BTCUSDT', price: '50000', quantity: (count / 100_000).toFixed(5), taker: 'BUY' }
    await fetch(`${simulator.controlUrl}/trade`, { method: 'POST', body: JSON.stringify(body) })
  }
  const some = async (): Promise<void> => {
    for (let each = 0; each < 10; each++) {
      await trade()
      await sleep(20)
    }
  }

  // The replica that opens a feed first owns it: here the one that stays.
  const witness = await connect(staying)
  await witness.ask(wish)
  await some()
  await witness.hear(({ type }) => type === 'trades')
  const before = await connect(dying)
  await before.ask(wish)
  await some()
  const last = await before.hear(({ type }) => type === 'trades')
  await before.hear((message) => Number(message.sequence) > Number(last.sequence))
  dying.process.kill('SIGKILL')
  t.match(await before.closed, { code: 1006 })
  const seen = before.heard.findLast(({ type }) => type === 'trades')
  await some()

  const after = await connect(staying)
  t.match(await after.ask({ ...wish, resume_from: seen?.sequence }), { type: 'subscribed', resumed: true })
  await some()
  const told = await after.hear(({ type }) => type === 'trades')
  await witness.hear((message) => Number(message.sequence) >= Number(told.sequence))

  const own = tradesOf([...before.heard, told])
  const theirs = tradesOf(witness.heard)
  const from = theirs.indexOf(own[0] ?? '')
  t.ok(from >= 0)
  t.ok(own.length > 10)
  t.same(own, theirs.slice(from, from + own.length), 'not one trade is missing or doubled')
  t.notOk(
    witness.heard.some(({ resumed }) => resumed === false),
    'and who was elsewhere noticed nothing',
  )
})
