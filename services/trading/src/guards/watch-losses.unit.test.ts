import type { GuardEvent, GuardLimits, GuardScope } from '@colibri/contracts'
import t from 'tap'
import { Exact } from '../decimal.ts'
import { evolveGuards, type Guards, NO_LIMITS } from './guard.ts'
import type { Holding } from './read-holdings.ts'
import { watchLosses } from './watch-losses.ts'

type Seen = Extract<Holding, { readonly kind: 'seen' }>

const PORTFOLIO: GuardScope = { kind: 'portfolio' }

/** Guards as events make them, and venues as the test says. */
const bed = (limits: Partial<GuardLimits>, scope: GuardScope = PORTFOLIO) => {
  const events: GuardEvent[] = []
  let guards: Guards = new Map()
  let holdings: readonly Holding[] = []
  const descended: GuardScope[] = []
  const happen = (event: GuardEvent): void => {
    guards = evolveGuards(guards, event, `event ${events.length}`)
    events.push(event)
  }
  const watch = () =>
    watchLosses({
      guards: {
        all: () => [...guards.values()],
        mark: async (of, id, reason, equity, marks) =>
          happen({ type: 'EquityMarked', data: { scope: of, watch: id, reason, equity, marks } }),
        breach: async (of, breach, reason) => {
          happen({ type: 'LossLimitBreached', data: { scope: of, ...breach } })
          happen({ type: 'HaltRequested', data: { scope: of, ladder: 'cancel', reason } })
          return true
        },
      },
      everyMs: 1,
      readHoldings: async () => holdings,
      descend: (of) => void descended.push(of),
      now: () => 1_000 + events.length,
      report: () => undefined,
    })
  happen({ type: 'GuardLimitsSet', data: { scope, limits: { ...NO_LIMITS, ...limits } } })
  let losses = watch()
  return {
    events,
    descended,
    happen,
    look: async (...seen: readonly Holding[]) => {
      holdings = seen
      const next = await losses.look()
      return { next, equity: losses.sight(scope)?.equity, peak: losses.sight(scope)?.peak }
    },
    sight: () => losses.sight(scope),
    filled: () => losses,
    restart: () => {
      losses = watch()
    },
    marks: () => [...guards.values()][0]?.watch?.marks,
    types: () => events.map((event) => (event.type === 'EquityMarked' ? event.data.reason : event.type)),
  }
}

const at = (connectorName: string, tokens: Readonly<Record<string, string>>, more: Partial<Seen> = {}): Seen => ({
  kind: 'seen',
  accountName: 'master_account',
  connectorName,
  market: connectorName.endsWith('_perpetual') ? 'perpetual' : 'spot',
  positions: 0,
  tokens: new Map(Object.entries(tokens).map(([token, amount]) => [token, new Exact(amount)])),
  prices: new Map(Object.keys(tokens).map((token) => [token, token === 'USDT' ? '1' : null])),
  ...more,
})
/** One BTC at a price. */
const btc = (price: string): Seen => at('binance', { BTC: '1' }, { prices: new Map([['BTC', price]]) })
const perpetual = (usdt: string, positions = 1): Seen => at('binance_perpetual', { USDT: usdt }, { positions })

t.test('a loss from the start halts when two looks agree, never one', async (t) => {
  const { look, events, descended, types } = bed({ maxLoss: '100' })
  t.same(await look(btc('1000')), { next: 'later', equity: '1000', peak: '1000' })
  t.same(await look(btc('900')), { next: 'later', equity: '900', peak: '1000' }, 'all that is allowed is allowed')
  t.match(await look(btc('0.5')), { next: 'soon' })
  t.match(await look(btc('1000')), { next: 'later' }, 'it was not so')
  t.match(await look(btc('899.99')), { next: 'soon' })
  t.match(await look(btc('890')), { next: 'later' })
  t.same(types(), ['GuardLimitsSet', 'began', 'LossLimitBreached', 'HaltRequested'])
  t.same(events.at(-2)?.data, {
    scope: PORTFOLIO,
    watch: 'event 0',
    limit: 'maxLoss',
    equity: '899.99',
    reference: '1000',
    allowed: '100',
  })
  t.match(events.at(-1)?.data, {
    reason: 'loss of 100.01 USDT, above the limit of 100: equity 899.99 after a start of 1000',
  })
  t.same(descended, [PORTFOLIO])
  t.equal(await look(btc('1')).then(({ next }) => next), 'later')
  t.equal(types().length, 4, 'what is halted is not halted again')
})

t.test('a drawdown counts from the peak, which outlives a restart; small rises are not stored', async (t) => {
  const { look, marks, restart, types, descended } = bed({ maxDrawdown: '100' })
  await look(btc('1000'))
  t.match(await look(btc('1200')), { next: 'soon', peak: '1000' })
  t.match(await look(btc('1200')), { next: 'later', peak: '1200' })
  t.equal(marks()?.peak, '1200')
  await look(btc('1200.9'))
  t.match(await look(btc('1200.9')), { peak: '1200.9' })
  t.equal(marks()?.peak, '1200', 'less than a hundredth of what is allowed')
  restart()
  t.match(await look(btc('1101')), { peak: '1200' })
  t.match(await look(btc('1099')), { next: 'soon' })
  await look(btc('1098'))
  t.same(types().slice(-3), ['peak', 'LossLimitBreached', 'HaltRequested'])
  t.equal(descended.length, 1)
})

t.test('what cannot be told is no zero: no verdict, and visible', async (t) => {
  const { look, sight, types } = bed({ maxLoss: '100' })
  const away: Holding = { kind: 'unseen', accountName: 'master_account', connectorName: 'okx', reason: 'okx is down' }
  await look(btc('1000'), away)
  t.match(sight(), { equity: null, blind: { since: 1_001, reason: 'okx is down' } })
  t.same(types(), ['GuardLimitsSet'], 'a watch does not begin on half of it')
  await look(btc('1000'))
  t.match(sight(), { equity: '1000', blind: null })
  const noPrice = at('binance', { BTC: '1' })
  await look(noPrice)
  await look(noPrice)
  t.match(sight(), { equity: '1000', blind: { reason: 'nobody knows a price of BTC at binance' } })
  await look(btc('800'))
  t.match(types(), ['GuardLimitsSet', 'began'], 'the first look after a blind time is confirmed too')
  await look(btc('800'))
  t.equal(types().at(-1), 'HaltRequested')
})

t.test('what had no price at the beginning is left out for good, and named', async (t) => {
  const { look, marks } = bed({ maxLoss: '100' })
  await look(at('binance', { USDT: '1000', SPAM: '7' }))
  t.same(marks()?.unpriced, ['binance SPAM'])
  const priced = new Map([
    ['USDT', '1'],
    ['SPAM', '1000000'],
  ])
  t.match(await look(at('binance', { USDT: '1000', SPAM: '7' }, { prices: priced })), { equity: '1000' })
})

t.test('money that moves is neither won nor lost', async (t) => {
  const { look, marks, types, filled } = bed({ maxLoss: '100', maxDrawdown: '100' })
  const spot = (usdt: string): Seen => at('binance', { USDT: usdt })
  await look(spot('1000'))
  for (let n = 0; n < 6; n += 1) t.match(await look(spot('200')), { next: 'later' })
  t.match(marks(), { start: '200', peak: '200' }, 'a withdrawal moves start and peak')
  await look(spot('200'), perpetual('5000', 0))
  t.match(marks(), { start: '5200', peak: '5200' }, 'so does a connector that comes')
  for (let n = 0; n < 6; n += 1) await look(spot('100'), perpetual('5100', 0))
  t.match(marks(), { start: '5200' }, 'between two of its own')
  await look(spot('100'))
  t.match(marks(), { start: '100', peak: '100' }, 'and one that goes')
  t.notOk(types().includes('LossLimitBreached'))
  filled().filled(
    {
      clientOrderId: 'o',
      accountName: 'master_account',
      connectorName: 'binance',
      tradingPair: 'BTC-USDT',
      tradeType: 'BUY',
      orderType: 'MARKET',
      amount: '1',
      price: null,
      positionAction: 'OPEN',
      requestedAmount: '1',
      requestedPrice: null,
    },
    {
      tradeId: '1',
      price: '90',
      amount: '1',
      feeAmount: '1',
      feeCurrency: 'USDT',
      feeInQuote: '1',
      liquidity: 'taker',
      venueTime: 1,
    },
  )
  const bought = at(
    'binance',
    { USDT: '9', BTC: '1' },
    {
      prices: new Map([
        ['USDT', '1'],
        ['BTC', '50'],
      ]),
    },
  )
  t.match(await look(bought), { equity: '59' }, 'what a fill explains is lost')
})

t.test('with an open position every change of balance counts', async (t) => {
  const { look, types } = bed({ maxLoss: '100' })
  await look(perpetual('1000'))
  await look(perpetual('800'))
  await look(perpetual('800'))
  t.equal(types().at(-1), 'HaltRequested')
})

t.test('the same limits said again forgive nothing; other ones, and a re-arm, begin anew', async (t) => {
  const { look, happen, marks } = bed({ maxLoss: '100' })
  await look(btc('1000'))
  const again = (maxLoss: string, maxOrderNotional: string | null): void =>
    happen({ type: 'GuardLimitsSet', data: { scope: PORTFOLIO, limits: { ...NO_LIMITS, maxLoss, maxOrderNotional } } })
  again('100', '5')
  again('1.000E+2', '5')
  t.equal(marks()?.start, '1000')
  again('200', '5')
  t.equal(marks(), null)
  await look(btc('950'))
  t.equal(marks()?.start, '950')
  happen({ type: 'TradingRearmed', data: { scope: PORTFOLIO } })
  await look(btc('940'))
  t.equal(marks()?.start, '940')
})
