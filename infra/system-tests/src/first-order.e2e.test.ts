import { Decimal } from 'decimal.js'
import t from 'tap'
import type { Api } from './api.ts'
import { startColibri } from './colibri.ts'
import { alive } from './processes.ts'

interface Token {
  readonly token: string
  readonly units: number
}
interface Fill {
  readonly price: string
  readonly amount: string
  readonly feeAmount: string
  readonly feeCurrency: string
}
interface OrderEvent {
  readonly type: string
  readonly data: Fill
}

const order = (rest: object): object => ({
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  ...rest,
})

const units = async (api: Api): Promise<Map<string, Decimal>> => {
  const reply = await api.post('/portfolio/state', { refresh: true, connector_names: ['simulator'] })
  const tokens = (reply.body as { master_account: { simulator: Token[] } }).master_account.simulator
  return new Map(tokens.map((one) => [one.token, new Decimal(one.units)]))
}

const data = <Row>(body: unknown): readonly Row[] => (body as { data: Row[] }).data

t.test('from nothing to a filled order, and back to nothing', { timeout: 120_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const { api } = colibri
  const before = await units(api)
  t.ok(before.get('USDT')?.gt(0), 'the first request shows balances')

  const bought = await api.post('/trading/orders', order({ trade_type: 'BUY', amount: 0.01, order_type: 'MARKET' }))
  t.equal(bought.status, 201)
  const buyId = (bought.body as { order_id: string }).order_id
  const prices = await api.post('/market-data/prices', { connector_name: 'simulator', trading_pairs: ['BTC-USDT'] })
  const price = (prices.body as { prices: Record<string, number> }).prices['BTC-USDT'] ?? Number.NaN
  const sold = await api.post(
    '/trading/orders',
    order({ trade_type: 'SELL', amount: '0.005', order_type: 'LIMIT', price: (price * 0.99).toFixed(2) }),
  )
  t.equal(sold.status, 201)
  const sellId = (sold.body as { order_id: string }).order_id

  const filled = async (): Promise<boolean> => {
    const found = data<{ order_id: string; status: string }>((await api.post('/trading/orders/search', {})).body)
    return [buyId, sellId].every((id) => found.some((row) => row.order_id === id && row.status === 'FILLED'))
  }
  const deadline = Date.now() + 60_000
  while (!(await filled()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
  t.ok(await filled(), 'both orders are found in search, filled')

  const trades = data<{ order_id: string }>((await api.post('/trading/trades', {})).body)
  for (const id of [buyId, sellId])
    t.ok(
      trades.some((trade) => trade.order_id === id),
      'and in trades',
    )

  const why = (await api.get(`/trading/orders/${sellId}/why`)).body
  t.match(why, { request: { actor: 'user:admin', address: '127.0.0.1' }, market: { last: /^\d/ } }, 'and why')
  const audit = data<{ type: string; stream_id: string; address: string | null }>(
    (await api.get('/audit?actor=user:admin&event_type=OrderSubmitted')).body,
  )
  t.same(
    audit.map(({ stream_id: stream, address }) => [stream, address]),
    [sellId, buyId].map((id) => [`order-${id}`, '127.0.0.1']),
    'the audit says who placed them, and from where',
  )

  const expected = new Map(before)
  const move = (token: string, by: Decimal): void =>
    void expected.set(token, (expected.get(token) ?? new Decimal(0)).plus(by))
  for (const [id, sign] of [
    [buyId, 1],
    [sellId, -1],
  ] as const) {
    const history = (await api.get(`/trading/orders/${id}/events`)).body as readonly OrderEvent[]
    t.equal(history[0]?.type, 'OrderSubmitted', 'the intent comes first')
    for (const { data: fill } of history.filter((event) => event.type === 'OrderFilled')) {
      move('BTC', new Decimal(fill.amount).times(sign))
      move('USDT', new Decimal(fill.amount).times(fill.price).times(-sign))
      move(fill.feeCurrency, new Decimal(fill.feeAmount).neg())
    }
  }
  const after = await units(api)
  for (const token of ['BTC', 'USDT'])
    t.equal(after.get(token)?.toString(), expected.get(token)?.toString(), `${token} moved by exactly fills and fees`)

  const { processes } = await colibri.run()
  t.equal(await colibri.stop(), 0, 'Ctrl-C ends with 0')
  t.same(
    processes.filter((one) => alive(one.pid)),
    [],
    'and leaves no process',
  )
})
