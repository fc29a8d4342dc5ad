import fc from 'fast-check'
import t from 'tap'
import { Clock } from '../clock.ts'
import type { ExchangeEvent } from './events.ts'
import { Exchange } from './exchange.ts'
import { Exact, findInstrument, type Instrument, priceOf, quantityOf, zero } from './instruments.ts'
import { cancelOrder, placeOrder } from './place.ts'
import { Rejection } from './rejection.ts'
import type { Account } from './state.ts'

const instrument = findInstrument('spot', 'BTCUSDT') as Instrument
const start = Date.UTC(2026, 0, 5, 10, 0, 30)

const opened = (id: string): ExchangeEvent => ({
  type: 'AccountOpened',
  account: id,
  apiKey: id,
  apiSecret: id,
  spot: { USDT: '100000', BTC: '2' },
  futures: { USDT: '100000' },
})

const exchangeOf = (history: readonly ExchangeEvent[], journal: ExchangeEvent[]) => {
  let wall = start
  const exchange = new Exchange({
    clock: new Clock(1, () => wall),
    seed: 3,
    journal: (events) => journal.push(...events),
    history,
  })
  return { exchange, wait: (ms: number) => (wall += ms) }
}

const action = fc.oneof(
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

const balances = (account: Account): unknown =>
  [...account.spot].map(([asset, { free, locked }]) => [asset, free.toFixed(), locked.toFixed()])

/** What an account must own: what it began with, moved by its fills and nothing else. */
const expected = (account: Account, exchange: Exchange): Map<string, Exact> => {
  const total = new Map(Object.entries(account.initial.spot).map(([asset, amount]) => [asset, new Exact(amount)]))
  const add = (asset: string, amount: Exact) => total.set(asset, (total.get(asset) ?? zero).add(amount))
  for (const order of exchange.state.orders.values()) {
    if (order.account !== account.id) continue
    for (const fill of order.fills) {
      const sign = order.side === 'BUY' ? 1 : -1
      const quantity = quantityOf(instrument, fill.lots).mul(sign)
      add('BTC', quantity)
      add('USDT', quantity.mul(priceOf(instrument, fill.price)).neg())
      add(fill.feeAsset, new Exact(fill.fee).neg())
    }
  }
  return total
}

t.test(
  'balances are what was deposited plus fills less fees, to the last digit, and a replayed journal agrees',
  async () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const journal: ExchangeEvent[] = []
        const { exchange, wait } = exchangeOf([], journal)
        exchange.commit([opened('a'), opened('b')])
        let n = 0
        for (const step of actions) {
          if (step.kind === 'wait') wait(step.ms)
          else if (step.kind === 'cancel') {
            const order = [...exchange.state.orders.values()].at(step.nth)
            if (order && exchange.account(order).open.has(order.id)) cancelOrder(exchange, order, 'x')
          } else {
            try {
              placeOrder(exchange, exchange.state.accounts.get(step.account) as Account, {
                instrument,
                clientOrderId: `c${n++}`,
                side: step.side,
                orderType: step.type,
                timeInForce: step.type === 'LIMIT' ? step.timeInForce : 'GTC',
                price:
                  step.type === 'MARKET'
                    ? null
                    : priceOf(instrument, exchange.lastTrade(instrument).price + step.distance),
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
        for (const account of exchange.state.accounts.values()) {
          const locked = new Map<string, Exact>()
          for (const order of account.open.values()) {
            const asset = order.side === 'BUY' ? 'USDT' : 'BTC'
            const quantity = quantityOf(instrument, order.remaining)
            locked.set(
              asset,
              (locked.get(asset) ?? zero).add(
                asset === 'BTC' ? quantity : quantity.mul(priceOf(instrument, order.price)),
              ),
            )
          }
          for (const [asset, total] of expected(account, exchange)) {
            const balance = account.spot.get(asset)
            if (!balance?.free.add(balance.locked).eq(total))
              throw new Error(`${account.id} ${asset}: ${balance?.free} + ${balance?.locked} is not ${total}`)
            if (!balance.locked.eq(locked.get(asset) ?? zero)) throw new Error(`${asset} locked ${balance.locked}`)
            if (balance.free.isNegative()) throw new Error(`${asset} free ${balance.free}`)
          }
        }
        const { exchange: again } = exchangeOf(JSON.parse(JSON.stringify(journal)) as ExchangeEvent[], [])
        for (const account of exchange.state.accounts.values()) {
          if (
            JSON.stringify(balances(account)) !==
            JSON.stringify(balances(again.state.accounts.get(account.id) as Account))
          )
            throw new Error('the replay differs')
        }
      }),
      { numRuns: 100 },
    )
  },
)
