import assert from 'node:assert/strict'
import type { RebalanceOrder, TradingRule } from '@colibri/contracts'
import fc from 'fast-check'
import t from 'tap'
import { Exact } from '../state/valuation.ts'
import { type AccountPlan, planAccount, type RebalanceTerms } from './plan-account.ts'
import { sizeBuys } from './size-buys.ts'

const rule = (tradingPair: string, change: Partial<TradingRule> = {}): TradingRule => ({
  tradingPair,
  minOrderSize: '0.001',
  maxOrderSize: null,
  minPriceIncrement: '0.01',
  minBaseAmountIncrement: '0.001',
  minNotionalSize: '5',
  supportsLimitOrders: true,
  supportsMarketOrders: true,
  buyOrderCollateralToken: 'USDT',
  sellOrderCollateralToken: 'USDT',
  ...change,
})

const terms = (weights: Readonly<Record<string, string>>, change: Partial<RebalanceTerms> = {}): RebalanceTerms => ({
  quoteToken: 'USDT',
  weights: new Map(Object.entries(weights)),
  excluded: new Set(),
  rules: new Map(['BTC-USDT', 'ETH-USDT'].map((pair) => [pair, rule(pair)])),
  prices: new Map([
    ['BTC-USDT', '100'],
    ['ETH-USDT', '10'],
  ]),
  feeRate: '0.001',
  reserve: '0',
  minOrderNotional: '0',
  maxOrderNotional: null,
  ...change,
})
const balance = (token: string, total: string, available = total) => ({ token, total, available })
const orders = ({ sells, buys }: AccountPlan) =>
  [...sells, ...buys].map(({ tradeType, amount, tradingPair }) => `${tradeType} ${amount} ${tradingPair}`)
const reasons = ({ obstacles }: AccountPlan) => obstacles.map(({ token, reason }) => `${token} ${reason}`)

t.test('what is too much is sold, what is too little is bought', async (t) => {
  const plan = planAccount(
    'a',
    [balance('USDT', '1000'), balance('BTC', '10')],
    terms({ USDT: '0.25', BTC: '0.25', ETH: '0.5' }),
  )
  // 2000 in all: BTC from 1000 down to 500, ETH up to 1000.
  t.same(orders(plan), ['SELL 5 BTC-USDT', 'BUY 99.85 ETH-USDT'])
  t.same(plan.sells, [
    {
      accountName: 'a',
      tradingPair: 'BTC-USDT',
      tradeType: 'SELL',
      amount: '5',
      price: '100',
      notional: '500',
      feeEstimate: '0.5',
      minOrderSize: '0.001',
      minNotionalSize: '5',
    },
  ])
  t.same(
    plan.account.tokens.map(({ token, weight, target, after }) => [token, weight, target, after]),
    [
      ['USDT', '0.5', '0.25', '0.250188203511'],
      ['BTC', '0.5', '0.25', '0.250187452949'],
      ['ETH', '0', '0.5', '0.499624343539'],
    ],
    'of 500.0015, 500 and 998.5 after fees',
  )
  t.same(plan.obstacles, [])
})

t.test('a token that is not named is sold whole, one that is excluded is left alone', async (t) => {
  const held = [balance('BTC', '1.2345'), balance('ETH', '7')]
  t.same(orders(planAccount('a', held, terms({ USDT: '1' }))), ['SELL 1.234 BTC-USDT', 'SELL 7 ETH-USDT'])
  const plan = planAccount('a', held, terms({ USDT: '1' }, { excluded: new Set(['ETH']) }))
  t.same(orders(plan), ['SELL 1.234 BTC-USDT'])
  t.equal(plan.account.total, '123.45')
})

t.test('what cannot be reached is named with its reason', async (t) => {
  const only = (
    held: ReturnType<typeof balance>[],
    weights: Record<string, string>,
    change: Partial<RebalanceTerms> = {},
  ) => {
    const plan = planAccount('a', held, terms(weights, change))
    return [...orders(plan), ...reasons(plan)]
  }
  t.same(only([balance('BTC', '1', '0.25')], { USDT: '1' }), ['SELL 0.25 BTC-USDT', 'BTC locked'])
  t.same(only([balance('BTC', '0.04')], { USDT: '1' }), ['BTC dust'], 'below the minimum notional')
  t.same(only([balance('BTC', '1')], { USDT: '1' }, { minOrderNotional: '101' }), ['BTC dust'])
  t.same(only([balance('XYZ', '1'), balance('USDT', '9')], { USDT: '1' }), ['XYZ no-pair'])
  t.same(only([balance('BTC', '1')], { USDT: '1' }, { prices: new Map() }), ['BTC no-price'])
  t.same(only([balance('BTC', '2')], { USDT: '1' }, { maxOrderNotional: '150' }), ['BTC guard'])
  t.same(
    only(
      [balance('BTC', '2')],
      { USDT: '1' },
      { rules: new Map([['BTC-USDT', rule('BTC-USDT', { maxOrderSize: '1.5' })]]) },
    ),
    ['SELL 1.5 BTC-USDT', 'BTC max-order-size'],
  )
  t.same(only([balance('USDT', '100', '0')], { BTC: '1' }), ['BTC no-funds'], 'all the quote is locked')
  t.same(only([balance('BTC', '5'), balance('USDT', '500')], { USDT: '0.5', BTC: '0.5' }), [], 'nothing to do')
})

t.test('with too little money all buys are made smaller alike, and the reserve stays', async (t) => {
  const plan = planAccount(
    'a',
    [balance('USDT', '1000')],
    terms({ BTC: '0.5', ETH: '0.5', USDT: '0' }, { reserve: '0.1' }),
  )
  const [btc, eth] = plan.buys
  t.same([btc?.amount, eth?.amount], ['4.495', '44.955'])
})

t.test('buys are sized with what really came', async (t) => {
  const planned = planAccount('a', [balance('USDT', '1000')], terms({ BTC: '0.5', ETH: '0.5' })).buys
  const numbered = planned.map((order, index): RebalanceOrder => ({ ...order, index }))
  const sized = (available: string, prices: readonly (readonly [string, string])[] = []) =>
    sizeBuys(numbered, { available, locked: '0', kept: '0' }, { ...terms({}), prices: new Map(prices) })
  t.same(sized('5000').buys, numbered, 'never more than planned')
  t.same(
    sized('500').buys.map(({ amount }) => amount),
    ['2.497', '24.975'],
  )
  t.same(
    sized('1000', [['BTC-USDT', '200']]).buys.map(({ amount, price, index }) => [index, price, amount]),
    [
      [0, '200', '3.33'],
      [1, '10', '33.3'],
    ],
    'the market has moved',
  )
  t.same(
    sized('0').obstacles.map(({ reason }) => reason),
    ['no-funds', 'no-funds'],
  )
  t.same(
    sized('12').obstacles.map(({ token, reason }) => `${token} ${reason}`),
    [],
    'both are just large enough',
  )
  t.same(
    sized('9').obstacles.map(({ reason }) => reason),
    ['dust', 'dust'],
  )
})

const amount = fc.integer({ min: 0, max: 10_000_000 }).map((units) => new Exact(units).div(10_000).toFixed())
t.test('no plan sells what is not there, or spends more than there is', async () => {
  fc.assert(
    fc.property(
      fc.record({
        held: fc.tuple(amount, amount, amount),
        locked: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 100 }))),
        prices: fc.tuple(...[0, 1].map(() => fc.integer({ min: 1, max: 1_000_000 }))),
        weights: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 100 }))),
        reserve: fc.constantFrom('0', '0.002', '0.1'),
      }),
      ({ held, locked, prices, weights, reserve }) => {
        const tokens = ['BTC', 'ETH', 'USDT']
        const sum = weights.reduce((total, weight) => total + weight, 0) || 1
        const balances = tokens.map((token, index) => {
          const total = new Exact(held[index] ?? 0)
          return balance(
            token,
            total.toFixed(),
            total
              .times(locked[index] ?? 0)
              .div(100)
              .toFixed(),
          )
        })
        const shares = weights.map((weight) =>
          new Exact(weight).div(sum).toDecimalPlaces(4, Exact.ROUND_DOWN).toFixed(),
        )
        const [btc = '0', eth = '0'] = shares
        const plan = planAccount(
          'a',
          balances,
          terms(
            { BTC: btc, ETH: eth, USDT: new Exact(1).minus(btc).minus(eth).toFixed() },
            {
              reserve,
              prices: new Map([
                ['BTC-USDT', String((prices[0] ?? 1) / 100)],
                ['ETH-USDT', String((prices[1] ?? 1) / 100)],
              ]),
            },
          ),
        )
        const available = (token: string) => new Exact(balances.find((each) => each.token === token)?.available ?? 0)
        let money = available('USDT')
        for (const sell of plan.sells) {
          assert.ok(available(sell.tradingPair.slice(0, 3)).gte(sell.amount), 'it is there')
          money = money.plus(sell.notional).minus(sell.feeEstimate)
        }
        for (const buy of plan.buys) money = money.minus(buy.notional).minus(buy.feeEstimate)
        assert.ok(money.gte(-1e-30), `${money.toFixed()} is left`)
        for (const order of [...plan.sells, ...plan.buys]) {
          assert.ok(new Exact(order.amount).mod('0.001').isZero())
          assert.ok(new Exact(order.amount).gte('0.001') && new Exact(order.notional).gte('5'))
          assert.ok(new Exact(order.amount).times(order.price).eq(order.notional))
        }
        const both = new Set(plan.sells.map(({ tradingPair }) => tradingPair))
        assert.ok(!plan.buys.some(({ tradingPair }) => both.has(tradingPair)), 'nothing is sold and bought')
      },
    ),
    { numRuns: 2_000 },
  )
})
