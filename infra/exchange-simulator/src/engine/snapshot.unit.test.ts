import fc from 'fast-check'
import t from 'tap'
import { ledger } from '../control/ledger.ts'
import { noHistory } from '../journal.ts'
import { act, action, exchangeOf, opened } from '../testing/random-trading.ts'
import type { Exchange } from './exchange.ts'
import { forgetOldOrders } from './forget.ts'
import { findInstrument, type Instrument } from './instruments.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

const permissions = { trade: true, withdraw: true, ipRestricted: false }

const copied = (snapshot: Snapshot): Snapshot => JSON.parse(JSON.stringify(snapshot)) as Snapshot
const same = (left: unknown, right: unknown, what: string): void => {
  const [a, b] = [JSON.stringify(left), JSON.stringify(right)]
  if (a !== b) throw new Error(`${what} differs:\n${a}\n${b}`)
}
const everything = (exchange: Exchange): unknown => [ledger(exchange, {}), takeSnapshot(exchange.state)]

t.test('an exchange begun from a snapshot goes on exactly as the one it was taken of', async (t) => {
  for (const market of ['spot', 'futures'] as const) {
    const instrument = findInstrument(market, 'BTCUSDT') as Instrument
    t.doesNotThrow(
      () =>
        fc.assert(
          fc.property(fc.array(action, { maxLength: 40 }), fc.array(action, { maxLength: 20 }), (before, after) => {
            const first = exchangeOf(noHistory, [])
            first.exchange.commit([
              opened('a'),
              opened('b'),
              { type: 'KeyAdded', account: 'a', apiKey: 'a2', apiSecret: 'a2', permissions },
              { type: 'KeyRevoked', apiKey: 'b' },
            ])
            before.forEach((step, n) => {
              act(first, instrument, step, `c${n}`)
            })
            const snapshot = copied(takeSnapshot(first.exchange.state))
            const second = exchangeOf({ snapshot, events: [] }, [], first.wall())
            // What was taken of the book is no part of an exchange's memory: both begin with the next public trade.
            for (const world of [first, second]) {
              world.wait(60_000)
              world.exchange.playAll()
            }
            same(everything(second.exchange), everything(first.exchange), `the ${market} exchange at once`)
            after.forEach((step, n) => {
              act(first, instrument, step, `d${n}`)
              act(second, instrument, step, `d${n}`)
            })
            same(everything(second.exchange), everything(first.exchange), `the ${market} exchange afterwards`)
          }),
          { numRuns: 50 },
        ),
      market,
    )
  }
})

t.test('forgetting touches only old finished orders', async (t) => {
  const instrument = findInstrument('spot', 'BTCUSDT') as Instrument
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.array(action, { maxLength: 60 }), fc.nat(6), (actions, keep) => {
          const world = exchangeOf(noHistory, [])
          const { exchange } = world
          exchange.commit([opened('a'), opened('b')])
          actions.forEach((step, n) => {
            act(world, instrument, step, `c${n}`)
          })
          const { state } = exchange
          const before = copied(takeSnapshot(state))
          const finished = before.orders.filter(({ status }) => status !== 'NEW' && status !== 'PARTIALLY_FILLED')
          const gone = new Set(finished.slice(0, Math.max(0, finished.length - keep)).map(({ id }) => id))
          forgetOldOrders(state, keep)
          const after = copied(takeSnapshot(state))
          same(
            after.orders,
            before.orders.filter(({ id }) => !gone.has(id)),
            'what is kept',
          )
          same(after.accounts, before.accounts, 'accounts')
          for (const account of state.accounts.values()) {
            const orders = [...account.orders.values()].flat()
            const own = [...state.orders.values()].filter((order) => order.account === account.id)
            same(
              orders.map(({ id }) => id),
              own.map(({ id }) => id),
              'orders of the account',
            )
            same(
              [...account.fills.values()].flat().map(({ tradeId }) => tradeId),
              own.flatMap(({ fills }) => fills.map(({ tradeId }) => tradeId)).sort((a, b) => a - b),
              'fills of the account',
            )
            same(
              [...account.byClientOrderId.values()].map(({ id }) => id).sort(),
              own.map(({ id }) => id).sort(),
              'ids',
            )
          }
        }),
        { numRuns: 100 },
      ),
    'for every history',
  )
})
