import t from 'tap'
import { describeOrder, externalIntent, externalOrderId } from './external-order.ts'

const place = { accountName: 'main', connectorName: 'binance' }
const state = {
  clientOrderId: 'web_1',
  venueOrderId: '77',
  tradingPair: 'BTC-USDT',
  status: 'open',
  filledAmount: '0.5',
  updatedAt: 1,
  terms: {
    tradeType: 'SELL',
    orderType: 'LIMIT',
    amount: '1',
    price: '9',
    positionAction: 'CLOSE',
    placedAt: 5,
  },
} as const

t.test('the id of an order is the same for ever, and another one for every other order', async (t) => {
  const id = externalOrderId(place, 'BTC-USDT', '77')
  t.equal(externalOrderId(place, 'BTC-USDT', '77'), id)
  t.match(id, /^external-77-[0-9a-f]{12}$/)
  const others = [
    externalOrderId(place, 'ETH-USDT', '77'),
    externalOrderId({ ...place, accountName: 'other' }, 'BTC-USDT', '77'),
    externalOrderId({ ...place, connectorName: 'kraken' }, 'BTC-USDT', '77'),
    externalOrderId(place, 'BTC-USDT', '78'),
  ]
  t.equal(new Set([id, ...others]).size, 5)
  t.match(externalOrderId(place, 'BTC-USDT', 'a/b.c *'), /^external-a_b_c__-[0-9a-f]{12}$/)
})

t.test('an order placed elsewhere as if it had been placed here', async (t) => {
  t.same(externalIntent(place, state), {
    ...place,
    clientOrderId: externalOrderId(place, 'BTC-USDT', '77'),
    tradingPair: 'BTC-USDT',
    tradeType: 'SELL',
    orderType: 'LIMIT',
    amount: '1',
    price: '9',
    positionAction: 'CLOSE',
    requestedAmount: '1',
    requestedPrice: '9',
    external: { venueOrderId: '77', clientOrderId: 'web_1', placedAt: 5 },
  })
  t.equal(externalIntent(place, { ...state, clientOrderId: '' })?.external?.clientOrderId, null)
  t.equal(externalIntent(place, { ...state, terms: null }), undefined)
  t.equal(describeOrder(state), 'SELL 1 LIMIT at 9, open, 0.5 filled')
})
