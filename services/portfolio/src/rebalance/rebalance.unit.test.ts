import type { RebalanceEvent, RebalanceOrder, RebalancePlan } from '@colibri/contracts'
import t from 'tap'
import { nextStep, rebalanceOf } from './rebalance.ts'
import { rebalanceView } from './rebalance-view.ts'

const order = (index: number, tradeType: 'BUY' | 'SELL', amount = '1'): RebalanceOrder => ({
  index,
  accountName: 'a',
  tradingPair: `T${index}-USDT`,
  tradeType,
  amount,
  price: '10',
  notional: '10',
  feeEstimate: '0.01',
  minOrderSize: '0.1',
  minNotionalSize: '5',
})
const plan: RebalancePlan = {
  connectorName: 'simulator',
  quoteToken: 'USDT',
  weights: { USDT: '1' },
  feeRate: '0.001',
  feeRateFrom: 'default',
  reserve: '0',
  minOrderNotional: '0',
  accounts: [],
  orders: [order(0, 'SELL'), order(1, 'SELL'), order(2, 'BUY'), order(3, 'BUY')],
  obstacles: [],
}
const planned: RebalanceEvent = { type: 'RebalancePlanned', data: { planId: 'p', plan, request: '{}' } }
const placed = (index: number): RebalanceEvent => ({
  type: 'RebalanceOrderPlaced',
  data: { index, clientOrderId: `CLB${index}` },
})
const finished = (index: number): RebalanceEvent => ({
  type: 'RebalanceOrderFinished',
  data: { index, status: 'FILLED', filledAmount: '1' },
})
const refused = (index: number): RebalanceEvent => ({
  type: 'RebalanceOrderRefused',
  data: { index, reason: 'too small' },
})
const sized: RebalanceEvent = { type: 'RebalanceBuysSized', data: { buys: [order(2, 'BUY', '0.9')], obstacles: [] } }
const completed: RebalanceEvent = { type: 'RebalanceCompleted', data: {} }
const stopped: RebalanceEvent = { type: 'RebalanceStopped', data: { reason: 'halted' } }

const after = (...events: RebalanceEvent[]) => rebalanceOf([planned, ...events]) ?? t.fail('there is a plan')
const next = (...events: RebalanceEvent[]) => {
  const state = rebalanceOf([planned, ...events])
  if (state === undefined) throw new Error('there is a plan')
  const step = nextStep(state)
  return step.kind === 'place' || step.kind === 'wait'
    ? `${step.kind} ${step.orders.map(({ index }) => index)}`
    : step.kind
}

t.test('sells first, to their end; then the buys as sized; then it is over', async (t) => {
  t.equal(next(), 'place 0,1')
  t.equal(next(placed(0)), 'place 1')
  t.equal(next(placed(0), placed(1)), 'wait 0,1')
  t.equal(next(placed(0), placed(1), finished(0)), 'wait 1')
  t.equal(next(placed(0), refused(1), finished(0)), 'size-buys')
  t.equal(next(placed(0), refused(1), finished(0), sized), 'place 2')
  t.equal(next(placed(0), refused(1), finished(0), sized, placed(2)), 'wait 2')
  t.equal(next(placed(0), refused(1), finished(0), sized, placed(2), finished(2)), 'complete')
  t.equal(next(placed(0), refused(1), finished(0), sized, placed(2), finished(2), completed), 'nothing')
  t.equal(next(placed(0), stopped), 'nothing', 'a halt ends it wherever it is')
})

t.test('its view shows each order as it really is', async (t) => {
  const state = after(placed(0), refused(1), finished(0), sized, placed(2))
  if (typeof state === 'boolean') return
  t.match(rebalanceView(state), {
    plan_id: 'p',
    state: 'buying',
    orders: [
      { index: 0, status: 'FILLED', client_order_id: 'CLB0', filled_amount: '1' },
      { index: 1, status: 'refused', reason: 'too small', client_order_id: null },
      { index: 2, status: 'placed', amount: '0.9' },
      { index: 3, status: 'dropped', amount: '1' },
    ],
  })
})

t.test('an empty stream is no plan', async (t) => {
  t.equal(rebalanceOf([]), undefined)
})
