import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { exact } from './decimals.ts'
import type { AccountUpdate, AccountVenue, PublicVenue, VenueFill, VenueOrder, VenueRule } from './venue.ts'

/** A venue with one funded account, and what a test may do behind its back. */
export interface VenueUnderTest {
  readonly publicVenue: PublicVenue
  readonly accountVenue: AccountVenue
  /** It can be asked for the fills of one order. */
  readonly listsFillsByOrder: boolean
  /** Liquid enough that a market order of twice the smallest notional fills at once. */
  readonly tradingPair: string
  readonly faults: {
    /** The next create is accepted and never answered. */
    acceptThenTimeout(): Promise<void>
    dropStreams(): Promise<void>
  }
  close(): Promise<void>
}

const deadlineMs = 10_000

const eventually = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  const until = Date.now() + deadlineMs
  while (Date.now() < until) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(20)
  }
  throw new Error(`${what} did not come within ${deadlineMs} ms`)
}

const floorTo = (value: string, increment: string): string =>
  exact(value).div(increment).floor().times(increment).toFixed()

const isDecimal = /^\d+(\.\d+)?$/

/** Runs the contract of both ports against one venue. */
export const testVenue = (t: Test, name: string, factory: (t: Test) => Promise<VenueUnderTest>): void => {
  let nextId = 0
  const newId = (): string => `CLBcontract${Date.now().toString(36)}${(nextId++).toString(36)}`

  const sized = async (venue: VenueUnderTest): Promise<{ rule: VenueRule; price: string; amount: string }> => {
    const rules = await venue.publicVenue.tradingRules()
    const rule = rules.find((one) => one.tradingPair === venue.tradingPair)
    const price = (await venue.publicVenue.prices([venue.tradingPair])).get(venue.tradingPair)
    if (rule === undefined || price === undefined) throw new Error(`${venue.tradingPair} has no rule or price`)
    const wanted = exact(rule.minNotionalSize)
      .times(2)
      .div(price)
      .plus(rule.minOrderSize)
      .plus(rule.minBaseAmountIncrement)
    return { rule, price, amount: floorTo(wanted.toFixed(), rule.minBaseAmountIncrement) }
  }
  const marketOrder = async (venue: VenueUnderTest, change: Partial<VenueOrder> = {}): Promise<VenueOrder> => ({
    clientOrderId: newId(),
    tradingPair: venue.tradingPair,
    tradeType: 'BUY',
    orderType: 'MARKET',
    amount: (await sized(venue)).amount,
    price: null,
    positionAction: 'OPEN',
    ...change,
  })
  /** A buy far enough below the market to rest, near enough to be allowed. */
  const restingOrder = async (venue: VenueUnderTest, change: Partial<VenueOrder> = {}): Promise<VenueOrder> => {
    const { rule, price, amount } = await sized(venue)
    const below = floorTo(exact(price).times('0.9').toFixed(), rule.minPriceIncrement)
    return marketOrder(venue, { orderType: 'LIMIT', price: below, amount, ...change })
  }
  const filled = async (venue: VenueUnderTest, order: VenueOrder, since: number): Promise<VenueFill[]> => {
    const outcome = await venue.accountVenue.createOrder(order)
    if (outcome.kind !== 'accepted') throw new Error(`the order was not accepted: ${JSON.stringify(outcome)}`)
    return eventually('the fills', async () => {
      const fills = (await venue.accountVenue.fills(venue.tradingPair, since)).filter(
        (fill) => fill.venueOrderId === outcome.venueOrderId,
      )
      const sum = fills.reduce((total, fill) => total.plus(fill.amount), exact('0'))
      return sum.equals(order.amount) ? fills : undefined
    })
  }

  t.test(`${name}: the venue contract`, async (t) => {
    const venue = await factory(t)
    t.teardown(() => venue.close())
    const { accountVenue: account, publicVenue: open, tradingPair } = venue

    await t.test('trading rules are positive decimals', async (t) => {
      const { rule } = await sized(venue)
      for (const value of [
        rule.minOrderSize,
        rule.minPriceIncrement,
        rule.minBaseAmountIncrement,
        rule.minNotionalSize,
      ]) {
        t.match(value, isDecimal)
      }
      t.ok(exact(rule.minPriceIncrement).gt(0) && exact(rule.minBaseAmountIncrement).gt(0))
      t.ok(rule.supportsLimitOrders && rule.supportsMarketOrders)
    })

    await t.test('what the key may do is told, or why it is not', async (t) => {
      const { reason, ...told } = await account.keyPermissions()
      t.same(Object.keys(told).sort(), ['ipRestricted', 'trade', 'withdraw'])
      if (reason === null) t.equal(told.trade, 'yes', 'this account trades')
      else t.same(Object.values(told), ['unknown', 'unknown', 'unknown'])
    })

    await t.test('tickers are exact, one by one and all at once', async (t) => {
      const all = await open.tickers()
      t.equal(new Set(all.map((ticker) => ticker.tradingPair)).size, all.length)
      const known = all.find((ticker) => ticker.tradingPair === tradingPair)
      for (const ticker of [known, await open.ticker(tradingPair)]) {
        t.match(ticker, { tradingPair, last: isDecimal, time: Number })
        t.match(ticker?.bid ?? '0', isDecimal)
        t.match(ticker?.ask ?? '0', isDecimal)
      }
      await t.rejects(open.ticker('NOSUCH-PAIR'), { name: 'UnknownPair' })
    })

    await t.test('funding is told of perpetuals alone', async (t) => {
      if (!open.connectorName.endsWith('_perpetual')) {
        await t.rejects(open.fundingInfo(tradingPair), { name: 'VenueRefused' })
        return
      }
      const info = await open.fundingInfo(tradingPair)
      t.match(info, { tradingPair, markPrice: isDecimal, indexPrice: isDecimal, rate: /^-?\d+(\.\d+)?$/ })
      t.ok(info.nextFundingTime > Date.now())
    })

    await t.test('public trades are the newest ones, oldest first', async (t) => {
      const trades = await open.trades(tradingPair, 5)
      t.equal(trades.length, 5)
      t.same(
        trades.map(({ time }) => time),
        trades.map(({ time }) => time).sort((a, b) => a - b),
      )
      for (const { tradeId, price, amount, side } of trades) {
        t.not(tradeId, '')
        t.match(price, isDecimal)
        t.match(amount, isDecimal)
        t.match(side, /^(buy|sell)$/)
      }
      await t.rejects(open.trades('NOSUCH-PAIR', 5), { name: 'UnknownPair' })
    })

    await t.test('an order book is sorted, uncrossed and exact', async (t) => {
      const { rule } = await sized(venue)
      const book = await open.orderBook(tradingPair, 5)
      t.ok(book.bids.length > 0 && book.bids.length <= 5 && book.asks.length > 0 && book.asks.length <= 5)
      const prices = [...[...book.bids].reverse(), ...book.asks].map((level) => level.price)
      for (const [index, price] of prices.entries()) {
        const before = prices[index - 1]
        t.ok(before === undefined || exact(before).lt(price), 'rises from the last bid to the last ask')
        t.ok(exact(price).mod(rule.minPriceIncrement).isZero(), `${price} is a multiple of the tick`)
      }
    })

    await t.test('candles come in order, as many as asked for', async (t) => {
      const candles = await open.candles(tradingPair, '1m', 30)
      t.equal(candles.length, 30)
      for (const [index, candle] of candles.entries()) {
        t.ok(
          candle.low <= candle.open &&
            candle.open <= candle.high &&
            candle.low <= candle.close &&
            candle.close <= candle.high,
        )
        const before = candles[index - 1]
        if (before !== undefined) t.equal(candle.time - before.time, 60_000)
      }
      const [first] = candles
      const again = await open.candles(tradingPair, '1m', 3, first?.time ?? 0)
      t.same(
        again.map((candle) => candle.time),
        candles.slice(0, 3).map((candle) => candle.time),
      )
      await t.rejects(open.candles(tradingPair, '7m', 3), { name: 'VenueRefused' })
    })

    await t.test('what does not exist is said to not exist', async (t) => {
      await t.rejects(open.orderBook('NOSUCH-PAIR', 5), { name: 'UnknownPair' })
      t.same(await open.prices(['NOSUCH-PAIR']), new Map())
      t.same(await account.findOrder(newId(), tradingPair), { kind: 'absent' })
      t.match(await account.cancelOrder(newId(), tradingPair), { kind: 'not-found' })
    })

    await t.test('a resting order is open, found and cancelled once', async (t) => {
      const order = await restingOrder(venue)
      const outcome = await account.createOrder(order)
      t.match(outcome, { kind: 'accepted' })
      const venueOrderId = outcome.kind === 'accepted' ? outcome.venueOrderId : ''
      const state = { clientOrderId: order.clientOrderId, venueOrderId, tradingPair, status: 'open', filledAmount: '0' }
      t.match(await account.findOrder(order.clientOrderId, tradingPair), { kind: 'found', order: state })
      t.match(
        (await account.openOrders(tradingPair)).find((one) => one.venueOrderId === venueOrderId),
        state,
      )
      t.ok(
        (await account.openOrders()).some((one) => one.venueOrderId === venueOrderId),
        'among all pairs',
      )
      const byVenueId = await account.findOrder({ venueOrderId }, tradingPair)
      t.match(byVenueId, { kind: 'found', order: { ...state, terms: { tradeType: order.tradeType } } })
      const terms = byVenueId.kind === 'found' ? byVenueId.order.terms : null
      t.match(terms, { orderType: order.orderType, positionAction: 'OPEN', placedAt: Number })
      t.ok(exact(terms?.amount ?? '0').eq(order.amount) && exact(terms?.price ?? '0').eq(order.price ?? '0'))
      t.same(await account.cancelOrder(order.clientOrderId, tradingPair), { kind: 'cancelled' })
      t.match(await account.cancelOrder(order.clientOrderId, tradingPair), { kind: 'not-found' })
      t.match(await account.findOrder(order.clientOrderId, tradingPair), {
        kind: 'found',
        order: { status: 'cancelled' },
      })
      t.notOk((await account.openOrders(tradingPair)).some((one) => one.venueOrderId === venueOrderId))
    })

    await t.test("an order is cancelled by the venue's own id", async (t) => {
      const outcome = await account.createOrder(await restingOrder(venue))
      const venueOrderId = outcome.kind === 'accepted' ? outcome.venueOrderId : ''
      t.same(await account.cancelOrder({ venueOrderId }, tradingPair), { kind: 'cancelled' })
      t.match(await account.cancelOrder({ venueOrderId }, tradingPair), { kind: 'not-found' })
      t.match(await account.findOrder({ venueOrderId }, tradingPair), { kind: 'found', order: { status: 'cancelled' } })
    })

    await t.test('a post-only order that would trade is no maker', async (t) => {
      const { rule, price } = await sized(venue)
      const above = floorTo(exact(price).times('1.05').toFixed(), rule.minPriceIncrement)
      const order = await restingOrder(venue, { orderType: 'LIMIT_MAKER', price: above })
      const outcome = await account.createOrder(order)
      if (outcome.kind === 'accepted') {
        t.match(await account.findOrder(order.clientOrderId, tradingPair), {
          kind: 'found',
          order: { filledAmount: '0' },
        })
      } else t.equal(outcome.kind, 'rejected')
    })

    await t.test('an order below the minimum is rejected with the reason', async (t) => {
      const { rule, amount } = await sized(venue)
      const half = exact(rule.minNotionalSize).div(2).div(amount).toFixed()
      const order = await restingOrder(venue, { price: floorTo(half, rule.minPriceIncrement), amount })
      const outcome = await account.createOrder(order)
      t.equal(outcome.kind, 'rejected')
    })

    await t.test('fills are exact, paid for and found again', async (t) => {
      const since = Date.now() - 60_000
      const order = await marketOrder(venue)
      const fills = await filled(venue, order, since)
      for (const fill of fills) {
        t.match(fill, { tradingPair, tradeType: 'BUY', liquidity: 'taker' })
        t.match(fill.price, isDecimal)
        t.match(fill.feeAmount, isDecimal)
        t.not(fill.feeCurrency, '')
      }
      t.equal(new Set(fills.map((fill) => fill.tradeId)).size, fills.length, 'each trade once')
      await marketOrder(venue)
      const alone = await account.fillsOf(fills[0]?.venueOrderId ?? '', tradingPair)
      if (venue.listsFillsByOrder) t.same(alone, fills, 'those of one order alone are the same')
      else t.equal(alone, undefined)
      t.match(await account.findOrder(order.clientOrderId, tradingPair), {
        kind: 'found',
        order: { status: 'filled', filledAmount: exact(order.amount).toFixed() },
      })
      for (const balance of await account.balances())
        t.match([balance.total, balance.available], [isDecimal, isDecimal], balance.token)
    })

    await t.test('a taken id is no rejection of the order that has it', async (t) => {
      const order = await restingOrder(venue)
      t.match(await account.createOrder(order), { kind: 'accepted' })
      const again = await account.createOrder(order)
      t.equal(again.kind, 'unknown')
      t.match(await account.findOrder(order.clientOrderId, tradingPair), { kind: 'found', order: { status: 'open' } })
      const own = (await account.openOrders(tradingPair)).filter((one) => one.clientOrderId === order.clientOrderId)
      t.equal(own.length, 1)
      t.same(await account.cancelOrder(order.clientOrderId, tradingPair), { kind: 'cancelled' })
    })

    await t.test('an accepted order without an answer is unknown and can be found', async (t) => {
      const order = await restingOrder(venue)
      await venue.faults.acceptThenTimeout()
      t.equal((await account.createOrder(order)).kind, 'unknown')
      t.match(await account.findOrder(order.clientOrderId, tradingPair), { kind: 'found', order: { status: 'open' } })
      t.same(await account.cancelOrder(order.clientOrderId, tradingPair), { kind: 'cancelled' })
    })

    await t.test('updates tell of orders and fills, and of a gap when the stream broke', async (t) => {
      const stop = new AbortController()
      const seen: AccountUpdate[] = []
      const listening = (async () => {
        for await (const update of account.updates(stop.signal)) seen.push(update)
      })()
      t.teardown(() => stop.abort())
      const gapAfter = (from: number) =>
        eventually('a gap', () => (seen.slice(from).some((update) => update.kind === 'gap') ? true : undefined))
      const tradeSeen = async (): Promise<void> => {
        const order = await marketOrder(venue)
        const fills = await filled(venue, order, Date.now() - 60_000)
        await eventually('the end of the order', () =>
          seen.find(
            (update) =>
              update.kind === 'order' &&
              update.order.clientOrderId === order.clientOrderId &&
              update.order.status === 'filled' &&
              exact(update.order.filledAmount).equals(order.amount),
          ),
        )
        for (const { tradeId, price, amount, feeAmount, feeCurrency, venueOrderId } of fills) {
          const update = await eventually(`fill ${tradeId}`, () =>
            seen.find((one) => one.kind === 'fill' && one.fill.tradeId === tradeId),
          )
          const expected = { price, amount, feeAmount, feeCurrency, venueOrderId, tradeType: 'BUY', tradingPair }
          t.match(update, { kind: 'fill', fill: expected }, 'the stream and the list agree to the digit')
        }
      }
      await gapAfter(0)
      await tradeSeen()
      const before = seen.length
      await venue.faults.dropStreams()
      await gapAfter(before)
      const connectedAgain = seen.length
      await eventually('a second gap, when the stream stands again', () =>
        seen.slice(before, connectedAgain + 1).filter((update) => update.kind === 'gap').length > 1 ||
        seen.slice(connectedAgain).some((update) => update.kind === 'gap')
          ? true
          : undefined,
      )
      await tradeSeen()
      stop.abort()
      await listening
    })
  })
}
