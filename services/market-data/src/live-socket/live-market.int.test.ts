import { liveSocketMessages } from '@colibri/contracts'
import { openSocket, type SocketClient, type SocketMessage, startedService, testSimulator } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

const said = z.union(Object.values(liveSocketMessages))
const wish = (fields: object) => ({
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  update_interval: 0.25,
  ...fields,
})
const rowsOf = (message: SocketMessage) =>
  message.data as { timestamp: number; price: number; amount: number; side: string }[]

t.test('live data of a venue over real sockets', { timeout: 120_000 }, async (t) => {
  const simulator = await testSimulator(t)
  const service = await startedService(t, {
    ...marketData,
    env: {
      SIMULATOR_REST_URL: simulator.restUrl,
      SIMULATOR_WS_URL: simulator.wsUrl,
      MARKET_DATA_CANDLES_READY_TIMEOUT: '10',
    },
  })
  const clients: SocketClient[] = []
  const connect = async (): Promise<SocketClient> => {
    const client = await openSocket(`${service.url}/ws/market-data`, { headers: service.edgeHeaders })
    clients.push(client)
    t.teardown(() => client.socket.terminate())
    await client.hear(({ type }) => type === 'connected')
    return client
  }
  const trade = async (price: string, quantity: string, taker: 'BUY' | 'SELL'): Promise<void> => {
    const response = await fetch(`${simulator.controlUrl}/trade`, {
      method: 'POST',
      body: JSON.stringify({ symbol: 'BTCUSDT', price, quantity, taker }),
    })
    if (!response.ok) throw new Error(await response.text())
  }

  await t.test('a book', async (t) => {
    const client = await connect()
    const id = 'order_book_simulator_BTC-USDT'
    t.same(await client.ask(wish({ type: 'order_book', depth: 3 })), { type: 'subscribed', subscription_id: id })
    const first = await client.hear(({ type }) => type === 'order_book')
    const { bids, asks } = first.data as { bids: [number, number][]; asks: [number, number][] }
    t.equal(bids.length, 3)
    t.equal(asks.length, 3)
    t.ok((bids[0]?.[0] ?? 0) < (asks[0]?.[0] ?? 0), 'is not crossed')
    t.ok((bids[0]?.[0] ?? 0) > (bids[1]?.[0] ?? 0) && (asks[0]?.[0] ?? 0) < (asks[1]?.[0] ?? 0), 'best first')
    const next = await client.hear(({ sequence }) => Number(sequence) > Number(first.sequence))
    t.equal(next.type, 'order_book', 'changes follow')
    await client.leave()
  })

  await t.test('trades, each once, and the side of the taker', async (t) => {
    const client = await connect()
    await client.ask(wish({ type: 'trades' }))
    await client.hear(({ type }) => type === 'trades')
    await trade('50001.01', '0.01234', 'SELL')
    const mine = (message: SocketMessage) =>
      message.type === 'trades' && rowsOf(message).some(({ price }) => price === 50_001.01)
    const batch = await client.hear(mine)
    t.match(
      rowsOf(batch).find(({ price }) => price === 50_001.01),
      { amount: 0.01234, side: 'sell' },
    )
    const after = await client.hear(
      (message) => message.type === 'trades' && Number(message.sequence) > Number(batch.sequence),
    )
    await client.leave()

    await trade('50001.02', '0.02345', 'BUY')
    const again = await connect()
    const answer = await again.ask(wish({ type: 'trades', resume_from: after.sequence }))
    t.same(answer, { type: 'subscribed', subscription_id: 'trades_simulator_BTC-USDT', resumed: true })
    const missed = await again.hear(({ type }) => type === 'trades')
    t.equal(missed.resumed, true)
    t.match(
      rowsOf(missed).filter(({ price }) => price === 50_001.02),
      [{ amount: 0.02345, side: 'buy' }],
      'what happened between two connections',
    )
    await again.leave()
    const all = clients.flatMap(({ heard }) => heard.filter(({ type }) => type === 'trades').flatMap(rowsOf))
    t.equal(all.filter(({ price }) => price === 50_001.01).length, 1)
    t.equal(all.filter(({ price }) => price === 50_001.02).length, 1)
  })

  await t.test('candles', async (t) => {
    const client = await connect()
    const id = 'candles_simulator_BTC-USDT_1m'
    const answer = await client.ask(wish({ type: 'candles', max_records: 3 }))
    t.same(answer, { type: 'subscribed', subscription_id: id })
    const first = await client.hear(({ type }) => type === 'candles')
    t.same(
      rowsOf(first).map(({ timestamp }, at, rows) => timestamp - (rows[at - 1]?.timestamp ?? timestamp)),
      [0, 60, 60],
      'three rows, a minute apart',
    )
    const update = await client.hear(({ type }) => type === 'candle_update')
    const updated = (update.data as { timestamp: number }).timestamp
    t.ok(updated >= (rowsOf(first)[2]?.timestamp ?? Number.POSITIVE_INFINITY), 'then the live one')
    await client.leave()
  })

  await t.test('ticker and funding', async (t) => {
    const client = await connect()
    client.say(wish({ type: 'ticker' }))
    client.say(wish({ type: 'funding', connector: 'simulator_perpetual' }))
    const { best_bid: bid, best_ask: ask } = (await client.hear(({ type }) => type === 'ticker')).data as Record<
      string,
      number
    >
    t.ok(Number(bid) > 0 && Number(bid) < Number(ask))
    t.match(await client.hear(({ type }) => type === 'funding'), { data: { mark_price: Number, funding_rate: Number } })
    await client.leave()
  })

  await t.test('what cannot be had', async (t) => {
    const client = await connect()
    const refusal = async (fields: object) => {
      const { type, message } = await client.ask(wish(fields))
      return `${type}: ${message}`
    }
    t.equal(await refusal({ type: 'order_book', connector: 'nope' }), 'error: Connector nope not found')
    t.equal(await refusal({ type: 'trades', connector: 'nope' }), 'error: Connector nope not found')
    t.match(
      await refusal({ type: 'candles', connector: 'nope' }),
      /^error: Unsupported connector 'nope'. Available connectors: \['/,
    )
    t.match(
      await refusal({ type: 'order_book', trading_pair: 'NOPE-USDT' }),
      /^error: Failed to start feed: .*NOPE-USDT/,
    )
    t.equal(
      await refusal({ type: 'trades', trading_pair: 'NOPE-USDT' }),
      'error: Failed to start feed: Trading pair NOPE-USDT not found on simulator',
    )
    t.match(
      await refusal({ type: 'candles', trading_pair: 'NOPE-USDT' }),
      /^error: Trading pair 'NOPE-USDT' appears to be invalid on 'simulator'/,
    )
    t.match(
      await refusal({ type: 'candles', trading_pair: 'BTCUSDT' }),
      /^error: Invalid trading pair format 'BTCUSDT'/,
    )
    t.match(
      await refusal({ type: 'candles', interval: '7m' }),
      /^error: Failed to start feed: Unsupported interval '7m' for 'simulator'/,
    )
    t.match(await client.ask({ action: 'ping' }), { type: 'pong' })
    await client.leave()
  })

  await t.test('every message is as the contracts describe it', async (t) => {
    const heard = clients.flatMap((client) => client.heard)
    t.ok(heard.length > 20)
    const wrong = heard.filter((message) => !said.safeParse(message).success)
    t.same(wrong, [])
  })
})
