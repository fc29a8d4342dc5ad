import t, { type Test } from 'tap'
import { openVenues } from './open-venues.ts'
import { type Answer, startScriptedVenue } from './scripted-venue.ts'
import type { Clearance, CreateOutcome, VenueOrder } from './venue.ts'

const order = (clientOrderId: string, change: Partial<VenueOrder> = {}): VenueOrder => ({
  clientOrderId,
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '0.12345',
  price: '50000.01',
  positionAction: 'OPEN',
  ...change,
})

const reply = (status: number, body: unknown, type?: string): Answer => ({
  kind: 'reply',
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...(type === undefined ? {} : { type }),
})

const html = 'text/html'
const cases: readonly (readonly [name: string, answer: Answer, kind: CreateOutcome['kind'], reason: RegExp])[] = [
  ['no answer', { kind: 'silence' }, 'unknown', /timed out|no answer/],
  ['a reset connection', { kind: 'reset' }, 'unknown', /NetworkError/],
  ['a body that stalls', { kind: 'stalled-body' }, 'unknown', /no answer within/],
  ['200 with a web page', reply(200, '<html>ok</html>', html), 'unknown', /unreadable reply/],
  ['200 with an empty body', reply(200, ''), 'unknown', /./],
  ['200 with an empty object', reply(200, {}), 'unknown', /./],
  ['200 with broken JSON', reply(200, '{"orderId": 12'), 'unknown', /./],
  ['500 without body', reply(500, ''), 'unknown', /./],
  ['502 of a proxy', reply(502, '<html>bad gateway</html>', html), 'unknown', /./],
  ['503 in the venue’s words', reply(503, { code: -1001, msg: 'Internal error' }), 'unknown', /Internal error/],
  ['500 that looks like a refusal', reply(500, { code: -2010, msg: 'insufficient balance' }), 'unknown', /./],
  ['504', reply(504, { code: -1007, msg: 'Timeout waiting for response' }), 'unknown', /./],
  [
    '400 that knows nothing',
    reply(400, { code: -1007, msg: 'Send status unknown; execution status unknown.' }),
    'unknown',
    /./,
  ],
  [
    '400 that was interrupted',
    reply(400, { code: -1006, msg: 'An unexpected response was received.' }),
    'unknown',
    /./,
  ],
  ['400 of a proxy', reply(400, '<html>bad request</html>', html), 'unknown', /./],
  ['403 of a firewall', reply(403, '<html>forbidden</html>', html), 'unknown', /./],
  ['404 of a proxy', reply(404, '<html>not found</html>', html), 'unknown', /./],
  ['408', reply(408, { code: -1007, msg: 'Timeout' }), 'unknown', /./],
  ['a duplicate id', reply(400, { code: -2010, msg: 'Duplicate order sent.' }), 'unknown', /Duplicate/],
  ['a duplicate id of a future', reply(400, { code: -4116, msg: 'ClientOrderId is duplicated.' }), 'unknown', /4116/],
  [
    'too little balance',
    reply(400, { code: -2010, msg: 'Account has insufficient balance for requested action.' }),
    'rejected',
    /insufficient balance/,
  ],
  ['a filter', reply(400, { code: -1013, msg: 'Filter failure: NOTIONAL' }), 'rejected', /NOTIONAL/],
  [
    'a post-only order that would trade',
    reply(400, { code: -2010, msg: 'Order would immediately match and take.' }),
    'rejected',
    /immediately match/,
  ],
  ['a wrong key', reply(401, { code: -2014, msg: 'API-key format invalid.' }), 'rejected', /API-key/],
  [
    'a wrong signature',
    reply(400, { code: -1022, msg: 'Signature for this request is not valid.' }),
    'rejected',
    /Signature/,
  ],
  [
    'a clock that is off',
    reply(400, { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }),
    'rejected',
    /recvWindow/,
  ],
  ['an unheard-of code', reply(400, { code: -9999, msg: 'No.' }), 'rejected', /-9999/],
]

/** Each makes the venue unavailable for a while, so each meets a venue of its own. */
const refusals: readonly (readonly [name: string, answer: Answer, kind: 'throttled' | 'banned', reason: RegExp])[] = [
  ['429', reply(429, { code: -1003, msg: 'Too many requests.' }), 'throttled', /429/],
  ['418', reply(418, { code: -1003, msg: 'Way too many requests; IP banned.' }), 'banned', /418/],
  ['429 of a proxy', reply(429, 'slow down', 'text/plain'), 'throttled', /429/],
]

/** An account at a venue in the hand of the test. */
const connected = async (t: Test, connectorName: string) => {
  const venue = await startScriptedVenue()
  const venues = openVenues({ urls: { [connectorName]: { rest: venue.url } }, timeoutMs: 1_500 })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  const account = venues.accountVenue(connectorName, {
    [`${connectorName}_api_key`]: 'key',
    [`${connectorName}_api_secret`]: 'secret-of-the-account',
  })
  await account.connect()
  return { venue, venues, account }
}

for (const connectorName of ['simulator', 'simulator_perpetual']) {
  t.test(`createOrder on ${connectorName} tells what is known`, async (t) => {
    const { venue, account } = await connected(t, connectorName)

    venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 4711, status: 'NEW', clientOrderId: 'warm' })
    t.same(await account.createOrder(order('warm')), { kind: 'accepted', venueOrderId: '4711' })
    const [first] = venue.creates
    t.equal(first?.get('newClientOrderId'), 'warm', 'the id goes out as it was given')
    t.equal(first?.get('quantity'), '0.12345')
    t.equal(first?.get('price'), '50000.01')

    for (const [name, answer, kind, reason] of cases) {
      const before = venue.creates.length
      const requestsBefore = venue.requests.length
      venue.answer = answer
      const outcome = await account.createOrder(order(`id-${before}`))
      t.equal(outcome.kind, kind, `${name}: ${JSON.stringify(outcome)}`)
      if (outcome.kind !== 'accepted') {
        t.match(outcome.reason, reason, `${name}: the reason`)
        t.notMatch(outcome.reason, /secret-of-the-account|signature=[0-9a-f]/, `${name}: no secret in the reason`)
      }
      t.equal(venue.creates.length - before, 1, `${name}: one request on the wire`)
      const others = venue.requests.slice(requestsBefore).filter((request) => !/^GET .*[/]time$/.test(request))
      t.equal(others.length, 1, `${name}: and nothing else but the clock`)
    }
  })
}

for (const connectorName of ['simulator', 'simulator_perpetual']) {
  for (const [name, answer, kind, reason] of refusals) {
    t.test(`${name} on ${connectorName}: refused before processing, then nothing is sent`, async (t) => {
      const { venue, venues, account } = await connected(t, connectorName)
      t.equal(account.pause(), null)
      venue.answer = answer
      const refused = await account.createOrder(order('first'))
      t.match(refused, { kind: 'rejected', reason }, 'the order is certainly not at the venue')
      t.match(account.pause(), { kind })
      const requests = venue.requests.length
      venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 1, status: 'NEW' })
      const until = new Date(account.pause()?.until ?? 0).toISOString()
      t.match(await account.createOrder(order('second')), {
        kind: 'rejected',
        reason: new RegExp(`^not sent: VenueUnavailable: .*${until}`),
      })
      t.match(
        await account.cancelOrder('first', 'BTC-USDT'),
        { kind: 'unknown', reason: /^not sent/ },
        'a wish to cancel is no refusal of the venue: it will be repeated',
      )
      t.match(await account.findOrder('first', 'BTC-USDT'), { kind: 'unavailable' })
      await t.rejects(account.balances(), { name: 'VenueUnavailable', until: account.pause()?.until })
      await t.rejects(venues.publicVenue(connectorName).prices(['BTC-USDT']), { name: 'VenueUnavailable' })
      t.equal(venue.requests.length, requests, 'the venue hears nothing more')
    })
  }
}

t.test('what is refused here is never sent', async (t) => {
  const venue = await startScriptedVenue()
  const venues = openVenues({ urls: { simulator: { rest: venue.url } }, timeoutMs: 1_500 })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  const account = venues.accountVenue('simulator', { simulator_api_key: 'key', simulator_api_secret: 'secret' })
  venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 1, status: 'NEW' })
  for (const [name, refused, reason] of [
    ['an unknown pair', order('a', { tradingPair: 'XYZ-USDT' }), /XYZ-USDT/],
    ['an amount between two steps', order('b', { amount: '0.123456' }), /amount 0.123456/],
    ['a price between two ticks', order('c', { price: '50000.015' }), /price 50000.015/],
    ['a limit order without price', order('d', { price: null }), /needs a price/],
  ] as const) {
    const outcome = await account.createOrder(refused)
    t.equal(outcome.kind, 'rejected', name)
    t.match(outcome.kind === 'rejected' ? outcome.reason : '', /^not sent: /, name)
    t.match(outcome.kind === 'rejected' ? outcome.reason : '', reason, name)
  }
  t.equal(venue.creates.length, 0)
})

t.test('what is not cleared any more once it is signed is never sent', async (t) => {
  const venue = await startScriptedVenue()
  const venues = openVenues({ urls: { simulator: { rest: venue.url } }, timeoutMs: 1_500 })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  let clearance: Clearance = () => undefined
  const keys = { simulator_api_key: 'key', simulator_api_secret: 'secret' }
  const account = venues.accountVenue('simulator', keys, () => clearance())
  venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 1, status: 'NEW' })
  t.match(await account.createOrder(order('a')), { kind: 'accepted' })

  clearance = async () => ({ reason: 'another process has the account' })
  t.match(await account.createOrder(order('b')), {
    kind: 'rejected',
    reason: /^not sent: .*another process has the account/,
  })
  await t.rejects(account.balances(), { name: 'VenueUnavailable' })
  clearance = async () => 'clear' as const
  t.match(await account.createOrder(order('c')), { kind: 'accepted' })

  let answered: () => void = () => undefined
  const late = new Promise<void>((resolve) => {
    answered = resolve
  })
  clearance = async () => {
    await late
    return 'clear' as const
  }
  t.match(await account.createOrder(order('d')), { kind: 'rejected', reason: /^not sent: / }, 'nobody waits any more')
  answered()
  await account.createOrder(order('e'))
  t.equal(venue.creates.length, 3, 'the first, the third and the last')
})

t.test('a venue that is not there rejects without sending, and works once it is', async (t) => {
  const venue = await startScriptedVenue()
  const gone = await startScriptedVenue()
  await gone.close()
  const venues = openVenues({
    urls: { simulator: { rest: gone.url }, binance: { rest: venue.url } },
    timeoutMs: 400,
  })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  const lost = venues.accountVenue('simulator', { simulator_api_key: 'key', simulator_api_secret: 'secret' })
  t.match(await lost.createOrder(order('a')), { kind: 'rejected', reason: /^not sent: .*VenueUnavailable/ })
  await t.rejects(lost.connect(), { name: 'VenueUnavailable' })
  await t.rejects(venues.publicVenue('simulator').tradingRules(), { name: 'VenueUnavailable' })

  const other = venues.accountVenue('binance', { binance_api_key: 'key', binance_api_secret: 'secret' })
  venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 5, status: 'NEW' })
  t.same(await other.createOrder(order('b')), { kind: 'accepted', venueOrderId: '5' }, 'another venue is not held up')
})

t.test('the params of each kind of order', async (t) => {
  const venue = await startScriptedVenue()
  venue.answer = reply(200, { symbol: 'BTCUSDT', orderId: 1, status: 'NEW' })
  const urls = { simulator: { rest: venue.url }, simulator_perpetual: { rest: venue.url } }
  const venues = openVenues({ urls, timeoutMs: 1_500 })
  t.teardown(async () => {
    await venues.close()
    await venue.close()
  })
  const spot = venues.accountVenue('simulator', { simulator_api_key: 'key', simulator_api_secret: 'secret' })
  const open = async (change: Partial<VenueOrder>) => {
    await spot.createOrder(order('x', change))
    return Object.fromEntries(venue.creates.at(-1) ?? [])
  }
  t.match(await open({ orderType: 'MARKET', price: null }), { type: 'MARKET', quantity: '0.12345', side: 'BUY' })
  t.notOk(venue.creates.at(-1)?.has('quoteOrderQty'), 'a market buy is by base amount')
  t.match(await open({ orderType: 'MARKET', price: '50000' }), { type: 'MARKET', quantity: '0.12345' })
  t.match(await open({ orderType: 'LIMIT_MAKER', tradeType: 'SELL' }), { type: 'LIMIT_MAKER', side: 'SELL' })

  const perpetual = (position: 'one-way' | 'hedge') => {
    venue.pages.set('/fapi/v1/positionSide/dual', JSON.stringify({ dualSidePosition: position === 'hedge' }))
    return venues.accountVenue('simulator_perpetual', {
      simulator_perpetual_api_key: 'key',
      simulator_perpetual_api_secret: 'secret',
    })
  }
  const sent = async (account: ReturnType<typeof perpetual>, change: Partial<VenueOrder>) => {
    t.match(await account.createOrder(order('x', change)), { kind: 'accepted' })
    const { positionSide, reduceOnly, timeInForce } = Object.fromEntries(venue.creates.at(-1) ?? [])
    return { positionSide, reduceOnly, timeInForce }
  }
  const oneWay = perpetual('one-way')
  t.same(await sent(oneWay, {}), { positionSide: undefined, reduceOnly: undefined, timeInForce: 'GTC' })
  t.same(await sent(oneWay, { positionAction: 'CLOSE', tradeType: 'SELL' }), {
    positionSide: undefined,
    reduceOnly: 'true',
    timeInForce: 'GTC',
  })
  t.same((await sent(oneWay, { orderType: 'LIMIT_MAKER' })).timeInForce, 'GTX')
  const hedge = perpetual('hedge')
  for (const [tradeType, positionAction, positionSide] of [
    ['BUY', 'OPEN', 'LONG'],
    ['SELL', 'CLOSE', 'LONG'],
    ['SELL', 'OPEN', 'SHORT'],
    ['BUY', 'CLOSE', 'SHORT'],
  ] as const) {
    const found = await sent(hedge, { tradeType, positionAction })
    t.same([found.positionSide, found.reduceOnly], [positionSide, undefined], `${tradeType} ${positionAction}`)
  }
})
