import fc from 'fast-check'
import t from 'tap'
import { Exact } from '../decimal.ts'
import {
  compareBalances,
  comparePositions,
  countedOf,
  type Difference,
  type Effect,
  type ExpectedBalances,
  explainedBy,
  type Flow,
  type ValuedPosition,
} from './compare.ts'

const basis = (cash: Readonly<Record<string, string>>) =>
  Object.entries(cash).map(([token, amount]) => ({ token, cash: amount, slack: '0' }))
const flow = (token: string, amount: string): Flow => ({
  token,
  amount,
  turnover: new Exact(amount).abs().toFixed(),
  count: 1,
})
const totals = (held: Readonly<Record<string, string>>) =>
  Object.entries(held).map(([token, total]) => ({ token, total }))
const expected = (of: Partial<ExpectedBalances>): ExpectedBalances => ({ basis: [], flows: [], accepted: [], ...of })
const brief = (differences: readonly Difference[]) =>
  differences.map(({ subject, ours, venue, difference }) => [subject, ours, venue, difference])

t.test('a balance is its basis, the flows since, and the drifts that were accepted', async (t) => {
  const of = expected({
    basis: basis({ USDT: '1000', BTC: '1' }),
    flows: [flow('BTC', '0.5'), flow('USDT', '-250'), flow('BTC', '-0.0005')],
    accepted: [{ token: 'USDT', difference: '10' }],
  })
  t.same(compareBalances(of, totals({ USDT: '760', BTC: '1.4995' }), []), [])
  t.same(brief(compareBalances(of, totals({ USDT: '860', BTC: '1.4995' }), [])), [['USDT', '760', '860', '100']])
  t.same(brief(compareBalances(of, totals({ USDT: '760' }), [])), [['BTC', '1.4995', '0', '-1.4995']])
  t.same(brief(compareBalances(of, totals({ USDT: '760', BTC: '1.4995', BNB: '3' }), [])), [['BNB', '0', '3', '3']])
})

t.test('rounding is no drift: a hundred-millionth for each fill, a millionth of what was traded', async (t) => {
  const of = expected({ basis: basis({ USDT: '1000', BTC: '1' }), flows: [flow('USDT', '-100')] })
  t.same(compareBalances(of, totals({ USDT: '900.0001', BTC: '1.00000001' }), []), [])
  t.same(brief(compareBalances(of, totals({ USDT: '900.00011', BTC: '1' }), [])), [
    ['USDT', '900', '900.00011', '0.00011'],
  ])
  t.same(brief(compareBalances(of, totals({ USDT: '900', BTC: '1.000000011' }), [])), [
    ['BTC', '1', '1.000000011', '0.000000011'],
  ])
})

const long = (amount: string, entryPrice: string | null, unrealizedPnl: string): ValuedPosition => ({
  tradingPair: 'BTC-USDT',
  side: 'BOTH',
  amount,
  entryPrice,
  unrealizedPnl,
})

t.test('perpetuals: opening, a moving price and closing are no drift; a deposit is', async (t) => {
  const before = countedOf(totals({ USDT: '10000' }), []).tokens
  const opened = [flow('USDT', '-5000'), flow('USDT', '-2')]
  for (const profit of ['0', '700', '-700']) {
    const held = [long('0.1', '50000', profit)]
    // Some venues count the unrealised profit in the total, some do not.
    for (const total of ['9998', new Exact(9_998).plus(profit).toFixed()]) {
      t.same(compareBalances(expected({ basis: before, flows: opened }), totals({ USDT: total }), held), [])
    }
  }
  const closed = [...opened, flow('USDT', '5700'), flow('USDT', '-2.28')]
  t.same(compareBalances(expected({ basis: before, flows: closed }), totals({ USDT: '10695.72' }), []), [])
  const more = compareBalances(expected({ basis: before, flows: closed }), totals({ USDT: '11695.72' }), [])
  t.same(brief(more), [['USDT', '10695.72', '11695.72', '1000']])
  t.same(
    compareBalances(expected({ basis: before, flows: opened }), totals({ USDT: '99998' }), [long('0.1', null, '0')]),
    [],
    'what a position cost is not told: no verdict',
  )
})

t.test('positions are the exact sum of their fills', async (t) => {
  const at = (side: 'LONG' | 'SHORT' | 'BOTH', amount: string) => ({ tradingPair: 'BTC-USDT', side, amount })
  t.same(comparePositions([at('BOTH', '0.1'), at('BOTH', '-0.1')], []), [])
  t.same(comparePositions([at('BOTH', '0.3')], [at('BOTH', '0.30')]), [])
  t.match(comparePositions([at('BOTH', '0.3')], []), [{ subject: 'BOTH', ours: '0.3', venue: '0', difference: '-0.3' }])
  t.match(comparePositions([], [at('SHORT', '-2')]), [{ subject: 'SHORT', ours: '0', venue: '-2', difference: '-2' }])
  t.match(comparePositions([at('LONG', '1'), at('SHORT', '-1')], [at('LONG', '1'), at('SHORT', '-1.5')]), [
    { subject: 'SHORT', ours: '-1', venue: '-1.5', difference: '-0.5' },
  ])
  t.same(
    comparePositions([at('BOTH', '0.5')], [at('LONG', '1'), at('SHORT', '-0.5')]),
    [],
    'where fills do not say their side only the net is known',
  )
})

t.test('a fill that was in the basis already explains what differs; a deposit is not explained', async (t) => {
  const bought: Effect = new Map([
    ['BTC', '0.1'],
    ['USDT', '-5000'],
  ])
  const other: Effect = new Map([
    ['BTC', '0.2'],
    ['USDT', '-10000'],
  ])
  const of = expected({
    basis: basis({ USDT: '5000', BTC: '1.1' }),
    flows: [flow('BTC', '0.1'), flow('USDT', '-5000')],
  })
  const twice = compareBalances(of, totals({ USDT: '5000', BTC: '1.1' }), [])
  t.equal(twice.length, 2)
  t.ok(explainedBy(twice, [other, bought]))
  t.notOk(explainedBy(twice, [other]))
  t.notOk(explainedBy(compareBalances(of, totals({ USDT: '5100', BTC: '1.1' }), []), [other, bought]))
  t.notOk(explainedBy(twice, []))
})

t.test(
  'whatever is traded, a venue that counts the same has no drift, and one that does not has exactly its own',
  async (t) => {
    const trade = fc.record({
      side: fc.constantFrom(1, -1),
      amount: fc.integer({ min: 1, max: 10 ** 9 }),
      price: fc.integer({ min: 1, max: 10 ** 7 }),
    })
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 20 }), fc.integer({ min: 0, max: 5 }), (trades, moved) => {
        const flows = trades.flatMap(({ side, amount, price }) => {
          const base = new Exact(amount).div(1e8).times(side)
          const quote = base.times(price).div(-100)
          return [flow('BTC', base.toFixed()), flow('USDT', quote.toFixed())]
        })
        const sumOf = (token: string): Exact =>
          flows.filter((one) => one.token === token).reduce((all, one) => all.plus(one.amount), new Exact(1e12))
        const venue = totals({
          BTC: sumOf('BTC').toFixed(),
          USDT: sumOf('USDT')
            .plus(moved * 1e9)
            .toFixed(),
        })
        const found = compareBalances(expected({ basis: basis({ BTC: '1e12', USDT: '1e12' }), flows }), venue, [])
        t.same(
          found.map(({ subject, difference }) => [subject, difference]),
          moved === 0 ? [] : [['USDT', String(moved * 1e9)]],
        )
      }),
      { numRuns: 300 },
    )
  },
)
