import { Decimal } from 'decimal.js'
import t from 'tap'
import type { Api } from './api.ts'
import { startColibri } from './colibri.ts'
import { alive } from './processes.ts'

interface Token {
  readonly token: string
  readonly units: number
}
interface Trade {
  readonly order_id: string
  readonly trade_type: string
  readonly amount: number
  readonly price: number
  readonly fee_paid: number
  readonly fee_currency: string
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
  const deadline = Date.now() + 15_000
  while (!(await filled()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
  t.ok(await filled(), 'both orders are found in search, filled')

  const trades = data<Trade>((await api.post('/trading/trades', {})).body)
  t.ok(
    trades.some((trade) => trade.order_id === buyId) && trades.some((trade) => trade.order_id === sellId),
    'both in trades',
  )
  const expected = new Map(before)
  const move = (token: string, by: Decimal): void =>
    void expected.set(token, (expected.get(token) ?? new Decimal(0)).plus(by))
  for (const trade of trades) {
    const sign = trade.trade_type === 'BUY' ? 1 : -1
    move('BTC', new Decimal(trade.amount).times(sign))
    move('USDT', new Decimal(trade.amount).times(trade.price).times(-sign))
    move(trade.fee_currency, new Decimal(trade.fee_paid).neg())
  }
  const after = await units(api)
  for (const token of ['BTC', 'USDT'])
    t.equal(after.get(token)?.toString(), expected.get(token)?.toString(), `${token} moved by exactly fills and fees`)

  const history = await api.get(`/trading/orders/${buyId}/events`)
  const types = data<{ type: string }>(history.body).map((event) => event.type)
  t.equal(types[0], 'OrderSubmitted', 'the intent comes first')
  t.ok(types.includes('OrderFilled'))

  const { processes } = await colibri.run()
  t.equal(await colibri.stop(), 0, 'Ctrl-C ends with 0')
  t.same(
    processes.filter((one) => alive(one.pid)),
    [],
    'and leaves no process',
  )
})
