import assert from 'node:assert/strict'
import type { OrderEvent } from '@colibri/contracts'
import fc from 'fast-check'
import t from 'tap'
import { Exact } from '../decimal.ts'
import {
  isFinished,
  isUnresolved,
  type Order,
  type OrderCommand,
  OrderExists,
  type OrderFill,
  type OrderIntent,
  OrderNotPlaced,
  orderDecider,
  type PlacedOrder,
  statusOf,
  VenueOrderMismatch,
} from './order.ts'

const intent: OrderIntent = {
  clientOrderId: 'CLB1',
  accountName: 'master_account',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '1',
  price: '50000',
  positionAction: 'OPEN',
  requestedAmount: '1',
  requestedPrice: '50000',
}

const fillOf = (tradeId: string, amount: string): OrderFill => ({
  tradeId,
  amount,
  price: '50000',
  feeAmount: '0.01',
  feeCurrency: 'USDT',
  feeInQuote: '0.01',
  liquidity: 'taker',
  venueTime: 1,
})

const submitted: OrderEvent = { type: 'OrderSubmitted', data: intent }
const accepted: OrderEvent = { type: 'OrderAccepted', data: { venueOrderId: 'V1' } }
const unknown: OrderEvent = { type: 'OrderOutcomeUnknown', data: { reason: 'timeout' } }
const rejected: OrderEvent = { type: 'OrderRejected', data: { reason: 'no' } }
const cancelRequested: OrderEvent = { type: 'OrderCancelRequested', data: {} }
const cancelled: OrderEvent = { type: 'OrderCancelled', data: { reason: 'asked' } }
const filled = (tradeId: string, amount: string): OrderEvent => ({
  type: 'OrderFilled',
  data: fillOf(tradeId, amount),
})

const given = (...events: OrderEvent[]): Order =>
  events.reduce((order: Order, event) => orderDecider.evolve(order, event), orderDecider.initialState)
const placed = (...events: OrderEvent[]): PlacedOrder => {
  const order = given(...events)
  if (order.kind === 'none') throw new Error('not placed')
  return order
}
const when = (command: OrderCommand, ...history: OrderEvent[]): readonly OrderEvent[] =>
  orderDecider.decide(command, given(...history))

t.test('statuses follow the contract', (t) => {
  const cases: [string, OrderEvent[]][] = [
    ['SUBMITTED', [submitted]],
    ['SUBMITTED', [submitted, unknown]],
    ['OPEN', [submitted, accepted]],
    ['OPEN', [submitted, unknown, accepted]],
    ['FAILED', [submitted, rejected]],
    ['FAILED', [submitted, unknown, rejected]],
    ['PARTIALLY_FILLED', [submitted, accepted, filled('a', '0.4')]],
    ['PENDING_CANCEL', [submitted, accepted, filled('a', '0.4'), cancelRequested]],
    ['OPEN', [submitted, accepted, cancelRequested, { type: 'OrderCancelRejected', data: { reason: 'late' } }]],
    ['PENDING_CANCEL', [submitted, accepted, cancelRequested, { type: 'OrderCancelUnknown', data: { reason: '5xx' } }]],
    ['CANCELLED', [submitted, accepted, cancelRequested, cancelled]],
    ['CANCELLED', [submitted, accepted, cancelled, filled('late', '0.4')]],
    ['FILLED', [submitted, accepted, cancelled, filled('a', '0.4'), filled('b', '0.6')]],
    ['FILLED', [submitted, accepted, filled('a', '0.7'), filled('b', '0.7')]],
    ['FILLED', [submitted, filled('a', '1')]],
    ['PARTIALLY_FILLED', [submitted, rejected, filled('a', '0.1')]],
  ]
  for (const [status, events] of cases) {
    t.equal(statusOf(placed(...events)), status, events.map(({ type }) => type).join(', '))
  }
  t.end()
})

t.test('an order is submitted once', (t) => {
  t.same(when({ kind: 'submit', intent }), [submitted])
  t.throws(() => when({ kind: 'submit', intent }, submitted), OrderExists)
  t.throws(() => when({ kind: 'accept', venueOrderId: 'V1' }), OrderNotPlaced)
  t.end()
})

t.test('a late answer settles an unknown outcome, and an answer told twice says nothing new', (t) => {
  t.same(when({ kind: 'lose-outcome', reason: 'timeout' }, submitted), [unknown])
  t.same(when({ kind: 'accept', venueOrderId: 'V1' }, submitted, unknown), [accepted])
  t.same(when({ kind: 'reject', reason: 'no' }, submitted, unknown), [rejected])
  t.same(when({ kind: 'accept', venueOrderId: 'V1' }, submitted, accepted), [])
  t.same(when({ kind: 'lose-outcome', reason: 'timeout' }, submitted, accepted), [])
  t.same(when({ kind: 'reject', reason: 'no' }, submitted, accepted), [])
  t.same(when({ kind: 'accept', venueOrderId: 'V1' }, submitted, rejected), [accepted])
  t.end()
})

t.test('a second venue order for one intent does not pass in silence', (t) => {
  t.throws(() => when({ kind: 'accept', venueOrderId: 'V2' }, submitted, accepted), VenueOrderMismatch)
  t.end()
})

t.test('a fill counts once per trade id, also after a cancel', (t) => {
  const fill = fillOf('a', '0.4')
  t.same(when({ kind: 'fill', fill }, submitted, accepted), [filled('a', '0.4')])
  t.same(when({ kind: 'fill', fill }, submitted, accepted, filled('a', '0.4')), [])
  t.same(when({ kind: 'fill', fill }, submitted, accepted, cancelled), [filled('a', '0.4')])
  t.same(when({ kind: 'fill', fill }, submitted, unknown), [filled('a', '0.4')])
  t.end()
})

t.test('a cancel is requested once and only while the order is not finished', (t) => {
  t.same(when({ kind: 'request-cancel' }, submitted, accepted), [cancelRequested])
  t.same(when({ kind: 'request-cancel' }, submitted, accepted, cancelRequested), [])
  t.same(when({ kind: 'request-cancel' }, submitted, accepted, filled('a', '1')), [])
  t.same(when({ kind: 'confirm-cancel', reason: 'asked' }, submitted, accepted, filled('a', '1')), [])
  t.same(when({ kind: 'confirm-cancel', reason: 'asked' }, submitted, accepted), [cancelled])
  t.same(when({ kind: 'refuse-cancel', reason: 'late' }, submitted, accepted), [])
  t.same(when({ kind: 'lose-cancel', reason: '5xx' }, submitted, accepted, cancelRequested), [
    { type: 'OrderCancelUnknown', data: { reason: '5xx' } },
  ])
  t.end()
})

t.test('what is unresolved and what is finished', (t) => {
  t.ok(isUnresolved(placed(submitted)))
  t.ok(isUnresolved(placed(submitted, unknown)))
  t.ok(isUnresolved(placed(submitted, accepted, cancelRequested)))
  t.notOk(isUnresolved(placed(submitted, accepted)))
  t.notOk(isFinished(placed(submitted, accepted, filled('a', '0.4'))))
  t.ok(isFinished(placed(submitted, accepted, cancelled)))
  t.end()
})

/** Everything a venue may say of one order, as commands. */
const amount = fc.integer({ min: 1, max: 10 ** 9 }).map((units) => new Exact(units).div(10 ** 9).toString())
const fills = fc
  .array(amount, { minLength: 1, maxLength: 8 })
  .map((amounts) => amounts.map((one, index) => fillOf(`t${index}`, one)))
const chatter: fc.Arbitrary<OrderCommand> = fc.constantFrom<OrderCommand>(
  { kind: 'accept', venueOrderId: 'V1' },
  { kind: 'lose-outcome', reason: 'timeout' },
  { kind: 'request-cancel' },
  { kind: 'lose-cancel', reason: '5xx' },
  { kind: 'refuse-cancel', reason: 'late' },
  { kind: 'confirm-cancel', reason: 'asked' },
)

const run = (commands: readonly OrderCommand[], start: PlacedOrder): PlacedOrder =>
  commands.reduce((order: PlacedOrder, command) => {
    const next = orderDecider
      .decide(command, order)
      .reduce((state: Order, event) => orderDecider.evolve(state, event), order)
    if (next.kind === 'none') throw new Error('not placed')
    return next
  }, start)

const facts = (order: PlacedOrder) => ({ ...order, tradeIds: [...order.tradeIds].sort(), status: statusOf(order) })

t.test('fills in any order, repeated, before or after a cancel give one state and the exact sum', (t) => {
  const property = () =>
    fc.assert(
      fc.property(
        fills.chain((all) =>
          fc.record({
            all: fc.constant(all),
            arrivals: fc
              .tuple(
                fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
                fc.array(fc.constantFrom(...all), { maxLength: 8 }),
              )
              .chain(([each, repeats]) => {
                const both = [...each, ...repeats]
                return fc.shuffledSubarray(both, { minLength: both.length, maxLength: both.length })
              }),
            cancelAt: fc.nat(16),
          }),
        ),
        ({ all, arrivals, cancelAt }) => {
          const cancel: OrderCommand = { kind: 'confirm-cancel', reason: 'asked' }
          const asFills = (list: readonly OrderFill[]) => list.map((fill): OrderCommand => ({ kind: 'fill', fill }))
          const withCancel = [...asFills(arrivals)]
          withCancel.splice(Math.min(cancelAt, withCancel.length), 0, cancel)
          const start = placed(submitted, accepted)
          const plain = run(asFills(all), start)
          const mixed = run(withCancel, start)
          const sum = all.reduce((total, fill) => total.plus(fill.amount), new Exact(0)).toString()
          assert.equal(mixed.filledAmount, sum)
          assert.equal(plain.filledAmount, sum)
          const expected = new Exact(sum).gte(intent.amount) ? 'FILLED' : 'CANCELLED'
          assert.equal(statusOf(mixed), expected)
          assert.deepEqual([...mixed.tradeIds].sort(), [...plain.tradeIds].sort())
        },
      ),
      { numRuns: 500 },
    )
  t.doesNotThrow(property)
  t.end()
})

t.test('whatever is said in between, every fill is kept, and saying it all again changes nothing', (t) => {
  const property = () =>
    fc.assert(
      fc.property(fills, fc.array(chatter, { maxLength: 12 }), fc.infiniteStream(fc.boolean()), (all, said, coin) => {
        const rest = [...said]
        const commands: OrderCommand[] = []
        for (const fill of all) {
          while (rest.length > 0 && coin.next().value) commands.push(...rest.splice(0, 1))
          commands.push({ kind: 'fill', fill })
        }
        const once = run([...commands, ...rest], placed(submitted))
        assert.equal(once.tradeIds.size, all.length)
        const again = run(
          all.map((fill): OrderCommand => ({ kind: 'fill', fill })),
          once,
        )
        assert.deepEqual(facts(again), facts(once))
      }),
      { numRuns: 500 },
    )
  t.doesNotThrow(property)
  t.end()
})
