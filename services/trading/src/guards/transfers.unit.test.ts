import t from 'tap'
import { Exact } from '../decimal.ts'
import { createTransfers, type Transfers } from './transfers.ts'

const prices: Readonly<Record<string, string>> = { USDT: '1', BTC: '50000' }
const worth = (token: string, amount: Exact): Exact | undefined =>
  prices[token] === undefined ? undefined : amount.times(prices[token])

const looking =
  (transfers: Transfers) =>
  (balances: Readonly<Record<string, string>>, tellable: 'tellable' | 'not-tellable' = 'tellable') => {
    const tokens = new Map(Object.entries(balances).map(([token, amount]) => [token, new Exact(amount)]))
    const { transferred, held } = transfers.look({ accountName: 'a', connectorName: 'c', tokens }, tellable, worth)
    return [transferred.toFixed(), held.toFixed()]
  }
const trade = (transfers: Transfers, changes: Readonly<Record<string, string>>): void => {
  for (const [token, amount] of Object.entries(changes)) transfers.traded('a', 'c', token, new Exact(amount))
}

t.test('what stays the same for three looks without a fill is a transfer, once', (t) => {
  const look = looking(createTransfers(3))
  t.same(look({ USDT: '1000' }), ['0', '0'], 'what is there at first came from nowhere')
  t.same(look({ USDT: '1000' }), ['0', '0'])
  t.same(look({ USDT: '700' }), ['0', '-300'])
  t.same(look({ USDT: '700' }), ['0', '-300'])
  t.same(look({ USDT: '700' }), ['-300', '0'])
  t.same(look({ USDT: '700' }), ['0', '0'])
  t.same(look({ USDT: '700', BTC: '0.1' }), ['0', '5000'], 'a token that was not there before')
  t.same(look({ USDT: '700', BTC: '0.2' }), ['0', '10000'], 'changed again: told anew')
  t.same(look({ USDT: '700', BTC: '0.2' }), ['0', '10000'])
  t.same(look({ USDT: '700', BTC: '0.2' }), ['10000', '0'])
  t.end()
})

t.test('a fill explains a change, whether it is heard of before the look or after it', (t) => {
  const transfers = createTransfers(3)
  const look = looking(transfers)
  look({ USDT: '1000' })
  trade(transfers, { BTC: '0.01', USDT: '-500' })
  t.same(look({ USDT: '500', BTC: '0.01' }), ['0', '0'])
  t.same(
    look({ USDT: '1010', BTC: '0' }),
    ['0', '10'],
    'sold for 510: the profit is not counted before the fill is there',
  )
  trade(transfers, { BTC: '-0.01', USDT: '510' })
  t.same(look({ USDT: '1010', BTC: '0' }), ['0', '0'])
  t.end()
})

t.test('a trade that is never heard of costs no more than its fee', (t) => {
  const look = looking(createTransfers(2))
  look({ USDT: '1000' })
  look({ USDT: '498', BTC: '0.01' })
  t.same(look({ USDT: '498', BTC: '0.01' }), ['-2', '0'])
  t.end()
})

t.test('where profit and transfers look the same every change counts; so does dust', (t) => {
  const look = looking(createTransfers(2))
  look({ USDT: '1000' })
  t.same(look({ USDT: '900' }, 'not-tellable'), ['0', '0'])
  t.same(look({ USDT: '900' }), ['0', '0'])
  t.same(look({ USDT: '900.05' }), ['0', '0'])
  t.same(look({ USDT: '900.05' }), ['0', '0'])
  t.same(look({ USDT: '900.05', SPAM: '1000000' }), ['0', '0'], 'what has no price is worth nothing')
  t.end()
})
