import fc from 'fast-check'
import t from 'tap'
import { noHistory } from '../journal.ts'
import { act, action, exchangeOf, opened } from '../testing/random-trading.ts'
import type { ExchangeEvent } from './events.ts'
import type { Exchange } from './exchange.ts'
import { Exact, findInstrument, type Instrument, priceOf, quantityOf, zero } from './instruments.ts'
import type { Account } from './state.ts'

const instrument = findInstrument('spot', 'BTCUSDT') as Instrument
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
  async (t) => {
    t.doesNotThrow(
      () =>
        fc.assert(
          fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
            const journal: ExchangeEvent[] = []
            const world = exchangeOf(noHistory, journal)
            const { exchange } = world
            exchange.commit([opened('a'), opened('b')])
            actions.forEach((step, n) => {
              act(world, instrument, step, `c${n}`)
            })
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
            const { exchange: again } = exchangeOf(
              { snapshot: null, events: JSON.parse(JSON.stringify(journal)) as ExchangeEvent[] },
              [],
            )
            for (const account of exchange.state.accounts.values()) {
              if (
                JSON.stringify(balances(account)) !==
                JSON.stringify(balances(again.state.accounts.get(account.id) as Account))
              )
                throw new Error('the replay differs')
            }
          }),
          { numRuns: 100 },
        ),
      'for every history',
    )
  },
)
