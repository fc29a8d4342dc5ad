import t from 'tap'
import { matchTrade, takeLiquidity } from './matching.ts'
import { RestingOrders } from './resting.ts'
import type { Order } from './state.ts'

const trade = { id: 1, time: 0, price: 100, lots: 10, buyerIsMaker: true }
const at = (id: number, price: number, remaining: number) => ({ id, price, remaining })

t.test('a trade fills the best bids first and the last one in part', async (t) => {
  const bids = [at(3, 102, 4), at(1, 101, 4), at(2, 101, 4), at(4, 99, 4)]
  t.same(
    matchTrade(trade, bids, []).map(({ order, lots }) => [order.id, lots]),
    [
      [3, 4],
      [1, 4],
      [2, 2],
    ],
  )
})

t.test('at its own price a trade fills the side that was taken only', async (t) => {
  t.same(
    matchTrade(trade, [at(1, 100, 1)], [at(2, 100, 1)]).map(({ order }) => order.id),
    [1],
  )
  t.same(
    matchTrade({ ...trade, buyerIsMaker: false }, [at(1, 100, 1)], [at(2, 100, 1)]).map(({ order }) => order.id),
    [2],
  )
})

t.test('resting orders keep price-time priority however they come', async (t) => {
  const resting = new RestingOrders()
  const order = (id: number, side: 'BUY' | 'SELL', price: number): Order => ({ id, side, price }) as Order
  for (const [id, price] of [
    [1, 10],
    [2, 12],
    [3, 11],
    [4, 12],
    [5, 10],
  ] as const) {
    resting.add(order(id, 'BUY', price))
    resting.add(order(id, 'SELL', price))
  }
  t.same(
    resting.bids.map(({ id }) => id),
    [2, 4, 3, 1, 5],
  )
  t.same(
    resting.asks.map(({ id }) => id),
    [1, 5, 3, 2, 4],
  )
})

t.test('an incoming order takes resting orders before the book at one price, never beyond its limit', async (t) => {
  const takes = takeLiquidity({
    side: 'BUY',
    limit: 102,
    resting: [at(7, 101, 2), at(8, 103, 5)],
    levels: [
      { price: 100, lots: 1 },
      { price: 101, lots: 3 },
      { price: 102, lots: 3 },
      { price: 104, lots: 9 },
    ],
    wanted: (_, taken) => 20 - taken,
  })
  t.same(
    takes.map(({ price, lots, maker }) => [price, lots, maker?.id ?? null]),
    [
      [100, 1, null],
      [101, 2, 7],
      [101, 3, null],
      [102, 3, null],
    ],
  )
})
