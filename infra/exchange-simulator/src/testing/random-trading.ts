import fc from 'fast-check'
import { Clock } from '../clock.ts'
import type { ExchangeEvent } from '../engine/events.ts'
import { Exchange } from '../engine/exchange.ts'
import { type Instrument, priceOf, quantityOf } from '../engine/instruments.ts'
import { cancelOrder, placeOrder } from '../engine/place.ts'
import { Rejection } from '../engine/rejection.ts'
import type { Account } from '../engine/state.ts'
import type { History } from '../journal.ts'

const start = Date.UTC(2026, 0, 5, 10, 0, 30)

export const opened = (id: string): ExchangeEvent => ({
  type: 'AccountOpened',
  account: id,
  apiKey: id,
  apiSecret: id,
  spot: { USDT: '100000', BTC: '2' },
  futures: { USDT: '100000' },
})

/** An exchange whose time passes by `wait` only. */
export const exchangeOf = (history: History, journal: ExchangeEvent[], from = start) => {
  let wall = from
  const exchange = new Exchange({
    clock: new Clock(1, () => wall),
    seed: 3,
    journal: (events) => journal.push(...events),
    history,
  })
  return { exchange, wait: (ms: number) => (wall += ms), wall: () => wall }
}

/** What traders do at random; a property draws lists of it. */
export const action = fc.oneof(
  fc.record({
    kind: fc.constant('place' as const),
    account: fc.constantFrom('a', 'b'),
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
    type: fc.constantFrom('LIMIT' as const, 'MARKET' as const, 'LIMIT_MAKER' as const),
    distance: fc.integer({ min: -600, max: 600 }),
    lots: fc.integer({ min: 50, max: 90_000 }),
    timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({ kind: fc.constant('cancel' as const), nth: fc.nat(20) }),
)
export type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** Does one of them; a refusal is an outcome like any other. */
export const act = (
  { exchange, wait }: Pick<ReturnType<typeof exchangeOf>, 'exchange' | 'wait'>,
  instrument: Instrument,
  step: Action,
  clientOrderId: string,
): void => {
  if (step.kind === 'wait') wait(step.ms)
  else if (step.kind === 'cancel') {
    const order = [...exchange.state.orders.values()].at(step.nth)
    if (order && exchange.account(order).open.has(order.id)) cancelOrder(exchange, order, 'x')
  } else {
    try {
      placeOrder(exchange, exchange.state.accounts.get(step.account) as Account, {
        instrument,
        clientOrderId,
        side: step.side,
        orderType: step.type,
        timeInForce: step.type === 'LIMIT' ? step.timeInForce : 'GTC',
        price:
          step.type === 'MARKET' ? null : priceOf(instrument, exchange.lastTrade(instrument).price + step.distance),
        amount: { kind: 'base', value: quantityOf(instrument, step.lots) },
        positionSide: 'BOTH',
        reduceOnly: false,
      })
    } catch (error) {
      if (!(error instanceof Rejection)) throw error
    }
  }
  exchange.playAll()
}
