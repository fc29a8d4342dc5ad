import { setTimeout as sleep } from 'node:timers/promises'
import {
  accountsReply,
  balancesReply,
  balancesRequest,
  guardsReply,
  orderStream,
  placeOrderReply,
  pnlResponse,
  pricesReply,
  pricesRequest,
  ratesReply,
  ratesRequest,
  rebalanceResponse,
  rpcSubject,
  snapshotsStream,
} from '@colibri/contracts'
import { type NewEvent, openPostgresLog, randomEventId } from '@colibri/event-log'
import { contractProblems, startedService } from '@colibri/testkit'
import type { NatsConnection } from '@nats-io/transport-node'
import t from 'tap'
import type { z } from 'zod'

/** Answers one operation as the service that owns it does, until the returned function is called. */
const answering = (nats: NatsConnection, service: string, operation: string, answer: (request: unknown) => unknown) => {
  const subscription = nats.subscribe(rpcSubject(service, operation), {
    callback: (error, message) => {
      if (error === null) message.respond(JSON.stringify(answer(message.json())))
    },
  })
  return async () => {
    subscription.unsubscribe()
    await nats.flush()
  }
}

type AccountBalances = z.infer<typeof balancesReply>['accounts'][number]

const event = (type: string, data: object): NewEvent => ({
  id: randomEventId(),
  type,
  schemaVersion: 1,
  data,
  metadata: { correlationId: 'c', causationId: 'c', actor: 'user:test', time: 1 },
})

const held = (
  accountName: string,
  connectorName: string,
  totals: Readonly<Record<string, string>>,
  error: string | null = null,
): AccountBalances => ({
  accountName,
  connectorName,
  balances: Object.entries(totals).map(([token, total]) => ({ token, total, available: total })),
  time: 1_700_000_000_000,
  error,
})

const everything = [
  held('master_account', 'binance', {
    USDT: '99208.485045',
    BTC: '2.01595401',
    LDBTC: '1',
    XYZ: '5',
    ETH: '0.000',
    NAV: '3',
  }),
  held('master_account', 'hyperliquid', { HYPE: '10' }),
  held('master_account', 'kraken', {}, 'kraken cannot be reached'),
]

t.test('the state of the portfolio over real sockets', async (t) => {
  const { nats, databaseUrl, get, post } = await startedService(t, {
    service: 'portfolio',
    entry: new URL('./main.js', import.meta.url),
    env: { ACCOUNT_UPDATE_INTERVAL: '1440' },
  })
  const state = async (body: unknown) => {
    const reply = await post('/portfolio/state', body)
    if (reply.status === 200) t.same(contractProblems('post', '/portfolio/state', reply.body), [])
    return { status: reply.status, body: reply.body }
  }

  await t.test('trading is away: 503 at once', async (t) => {
    t.match(await state({}), { status: 503, body: { detail: /^trading / } })
  })

  const asked: z.infer<typeof balancesRequest>[] = []
  answering(nats, 'trading', 'accounts', () => accountsReply.parse({ accountNames: ['master_account', 'nobody'] }))
  answering(nats, 'trading', 'balances', (payload) => {
    const request = balancesRequest.parse(payload)
    asked.push(request)
    const { accountNames, connectorNames } = request
    return balancesReply.parse({
      accounts: everything.filter(
        (each) =>
          (accountNames?.includes(each.accountName) ?? true) && (connectorNames?.includes(each.connectorName) ?? true),
      ),
    })
  })
  await nats.flush()

  const entry = (token: string, units: number, price: number, value: number) => ({
    token,
    units,
    price,
    value,
    available_units: units,
  })

  await t.test('without market-data dollars are worth a dollar and the rest nothing yet', async (t) => {
    t.same(await state({ connector_names: ['binance'] }), {
      status: 200,
      body: {
        master_account: {
          binance: [
            entry('USDT', 99208.485045, 1, 99208.485045),
            entry('BTC', 2.01595401, 0, 0),
            entry('LDBTC', 1, 0, 0),
            entry('XYZ', 5, 0, 0),
          ],
        },
        nobody: {},
      },
    })
  })

  const quotes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    binance: { 'BTC-USDT': '50000' },
    hyperliquid: { 'HYPE-USDC': '25.5' },
  }
  const withdraw = answering(nats, 'market-data', 'prices', (payload) => {
    const { connectorName, tradingPairs } = pricesRequest.parse(payload)
    const prices = Object.fromEntries(tradingPairs.map((pair) => [pair, quotes[connectorName]?.[pair] ?? null]))
    return pricesReply.parse({ prices, time: 1_700_000_000_000 })
  })
  await nats.flush()

  const valued = {
    binance: [
      entry('USDT', 99208.485045, 1, 99208.485045),
      entry('BTC', 2.01595401, 50000, 100797.7005),
      entry('LDBTC', 1, 50000, 50000),
      entry('XYZ', 5, 0, 0),
    ],
    hyperliquid: [entry('HYPE', 10, 25.5, 255)],
    kraken: [],
  }

  await t.test('every account, connector and token, valued', async (t) => {
    t.same(await state({}), { status: 200, body: { master_account: valued, nobody: {} } })
    const { status, body } = await get('/portfolio/balances')
    t.same({ status, body }, { status: 200, body: { master_account: valued, nobody: {} } }, 'the older name')
  })

  await t.test('filters filter a copy', async (t) => {
    const whole = { status: 200, body: { master_account: valued, nobody: {} } }
    t.same(await state({ connector_names: ['hyperliquid'] }), {
      status: 200,
      body: { master_account: { hyperliquid: valued.hyperliquid }, nobody: {} },
    })
    t.same(await state({}), whole)
    t.same(await state({ account_names: ['nobody'] }), { status: 200, body: { nobody: {} } })
    t.same(await state({ account_names: ['unknown'] }), { status: 200, body: {} })
    t.same(await state({}), whole)
  })

  await t.test('refresh is trading’s to do', async (t) => {
    asked.length = 0
    await state({ refresh: true, skip_gateway: true, account_names: ['master_account'] })
    await state({ refresh: 'no' })
    t.same(asked, [
      { accountNames: ['master_account'], connectorNames: null, refresh: true },
      { accountNames: null, connectorNames: null, refresh: false },
    ])
  })

  await t.test('one account, by the older form', async (t) => {
    const reply = await get('/accounts/master_account/balances')
    t.equal(reply.status, 200)
    t.same(reply.body, valued)
    t.same((await get('/accounts/nobody/balances')).body, {})
    t.match(await get('/accounts/zz/balances'), { status: 404, body: { detail: "Account 'zz' not found" } })
  })

  await t.test('distributions are made of the same state', async (t) => {
    const tokens = await post('/portfolio/distribution', { account_names: ['master_account', 'nobody'] })
    t.same(contractProblems('post', '/portfolio/distribution', tokens.body), [])
    t.match(tokens.body, { account_filter: 'master_account, nobody' })
    t.same((await get('/portfolio/distribution?account_names=master_account&account_names=nobody')).body, tokens.body)
    const accounts = await get('/portfolio/accounts-distribution')
    t.same(contractProblems('get', '/portfolio/accounts-distribution', accounts.body), [])
    t.match(accounts.body, { account_count: 2, distribution: [{ account: 'master_account' }, { account: 'nobody' }] })
    t.match((await post('/portfolio/accounts-distribution', { account_names: ['nobody'] })).body, {
      total_portfolio_value: 0,
      account_count: 1,
    })
  })

  await t.test('history is an empty page before the first snapshot', async (t) => {
    const page = await post('/portfolio/history', { interval: '1h' })
    t.same(contractProblems('post', '/portfolio/history', page.body), [])
    t.match(page.body, { data: [], pagination: { has_more: false, next_cursor: null } })
    t.equal((await post('/portfolio/history', { interval: 'bad' })).status, 422)
    t.match((await get('/portfolio/performance')).body, { start_value: null, pnl: null })
  })

  await t.test('what the rate oracle knows counts before the connector’s own market', async (t) => {
    const end = answering(nats, 'market-data', 'rates', (payload) => {
      const { tradingPairs } = ratesRequest.parse(payload)
      const known = { rate: '51000.5', time: 1_700_000_000_000 }
      const rates = Object.fromEntries(tradingPairs.map((pair) => [pair, pair === 'BTC-USDT' ? known : null]))
      return ratesReply.parse({ source: 'gate_io', quoteToken: 'USDT', rates })
    })
    await nats.flush()
    t.same((await state({ connector_names: ['binance', 'hyperliquid'] })).body, {
      master_account: {
        binance: [
          entry('USDT', 99208.485045, 1, 99208.485045),
          entry('BTC', 2.01595401, 51000.5, 102814.662487005),
          entry('LDBTC', 1, 51000.5, 51000.5),
          entry('XYZ', 5, 0, 0),
        ],
        hyperliquid: valued.hyperliquid,
      },
      nobody: {},
    })
    await end()
  })

  await t.test('the past: none before the first snapshot, then the state as it was', async (t) => {
    const early = await get('/portfolio/state?as_of=2020-01-31')
    t.match(early, { status: 404, body: { detail: /^Nothing is known of the portfolio at 2020-01-31T00:00:00.000Z/ } })
    const at = Date.now()
    const log = await openPostgresLog({ url: databaseUrl })
    t.teardown(() => log.close())
    const takenAt = at - 60_000
    const tokens = [{ token: 'BTC', units: '2.5', available: '2', price: '48000' }]
    await log.append(
      snapshotsStream,
      [
        event('PortfolioSnapshotTaken', {
          takenAt,
          accounts: [{ accountName: 'earlier', connectorName: 'binance', tokens }],
        }),
      ],
      'any',
    )
    const past = { earlier: { binance: [{ ...entry('BTC', 2.5, 48000, 120000), available_units: 2 }] } }
    const iso = new Date(at).toISOString()
    const reply = await post(`/portfolio/state?as_of=${iso}`, {})
    t.same({ status: reply.status, body: reply.body }, { status: 200, body: past })
    t.equal(reply.headers.get('x-colibri-snapshot'), new Date(takenAt).toISOString())
    t.same(contractProblems('post', '/portfolio/state', reply.body), [])
    t.same((await get(`/portfolio/state?as_of=${at}&account_names=earlier`)).body, past)
    t.same((await get(`/portfolio/state?as_of=${at}&account_names=nobody`)).body, {})
    t.same((await get('/portfolio/state?connector_names=hyperliquid')).body, {
      master_account: { hyperliquid: valued.hyperliquid },
      nobody: {},
    })
    const refused = (query: string) => get(`/portfolio/state?as_of=${query}`)
    t.match(await refused('yesterday'), {
      status: 422,
      body: { detail: [{ loc: ['query', 'as_of'], input: 'yesterday', msg: /ISO 8601.*not 'yesterday'/ }] },
    })
    t.match(await refused('2999-01-01'), {
      status: 422,
      body: { detail: [{ loc: ['query', 'as_of'], msg: /in the past.*'2999-01-01' is 2999-01-01T00:00:00.000Z/ }] },
    })
  })

  await t.test('profit and loss from the fills of the log', async (t) => {
    const log = await openPostgresLog({ url: databaseUrl })
    t.teardown(() => log.close())
    const intent = {
      clientOrderId: 'CLB1',
      accountName: 'master_account',
      connectorName: 'binance',
      tradingPair: 'BTC-USDT',
      tradeType: 'BUY',
      orderType: 'MARKET',
      amount: '2',
      price: null,
      positionAction: 'OPEN',
      requestedAmount: '2',
      requestedPrice: null,
    }
    const fill = {
      tradeId: '1',
      price: '49000',
      amount: '2',
      feeAmount: '98',
      feeCurrency: 'USDT',
      feeInQuote: '98',
      liquidity: 'taker',
      venueTime: Date.now(),
    }
    await log.append(orderStream('CLB1'), [event('OrderSubmitted', intent), event('OrderFilled', fill)], 'none')
    const reply = await get('/portfolio/pnl?account_names=master_account&trading_pairs=BTC-USDT&since=2023-01-01')
    t.same(pnlResponse.parse(reply.body), reply.body)
    t.match(reply.body, {
      markets: [{ position: '2', average_price: '49000', price: '50000', unrealized_pnl: '2000', fees: '98' }],
      totals: { USDT: { realized_pnl: '0', net_pnl: '1902' } },
    })
    t.match((await get('/portfolio/pnl?connector_names=kraken')).body, { markets: [], totals: {} })
    t.match(await get('/portfolio/pnl?since=2024-01-02&until=2024-01-01'), {
      status: 422,
      body: { detail: [{ loc: ['query', 'until'], msg: /ends at 2024-01-01.*before it begins at 2024-01-02/ }] },
    })
    t.match(await get('/portfolio/pnl?until=soon'), { status: 422, body: { detail: [{ loc: ['query', 'until'] }] } })
  })

  await t.test('a rebalance is planned, and refused where it cannot be', async (t) => {
    const rule = {
      tradingPair: 'BTC-USDT',
      minOrderSize: '0.0001',
      maxOrderSize: null,
      minPriceIncrement: '0.01',
      minBaseAmountIncrement: '0.0001',
      minNotionalSize: '5',
      supportsLimitOrders: true,
      supportsMarketOrders: true,
      buyOrderCollateralToken: 'USDT',
      sellOrderCollateralToken: 'USDT',
    }
    answering(nats, 'market-data', 'trading-rules', () => ({ rules: [rule], orderTypes: ['MARKET'] }))
    const limits: Record<string, string | number | null> = {
      maxOrderNotional: null,
      maxOpenNotional: null,
      maxOrdersPerMinute: null,
    }
    let halt: { reason: string } | null = null
    const endGuards = answering(nats, 'trading', 'guards', () =>
      guardsReply.parse({
        guards: [{ scope: { kind: 'account', accountName: 'master_account' }, limits, halt }],
      }),
    )
    await nats.flush()
    const body = { connector_name: 'binance', account_names: ['master_account'], target_weights: { BTC: '0.25' } }
    const plan = await post('/portfolio/rebalance', body)
    t.equal(plan.status, 200)
    t.same(rebalanceResponse.parse(plan.body), plan.body)
    t.match(plan.body, {
      plan_id: null,
      state: 'dry-run',
      fee_rate: '0.001',
      fee_rate_from: 'fills',
      target_weights: { BTC: '0.25', USDT: '0.75' },
      orders: [{ trade_type: 'SELL', trading_pair: 'BTC-USDT', amount: '1.0159', price: '50000', status: 'planned' }],
      not_reached: [
        { token: 'LDBTC', reason: 'no-pair' },
        { token: 'XYZ', reason: 'no-pair' },
      ],
      blocked_by: [],
    })
    const refused = async (change: object) => {
      const reply = await post('/portfolio/rebalance', { ...body, ...change })
      return { status: reply.status, body: reply.body }
    }
    t.match(await refused({ target_weights: { BTC: 0.7, ETH: '0.4' } }), {
      status: 422,
      body: { detail: [{ loc: ['body', 'target_weights'], msg: /add up to 1.1; they must not be more than 1/ }] },
    })
    t.match(await refused({ target_weights: { BTC: -0.1 } }), { status: 422 })
    t.match(await refused({ target_weights: { BTC: '1e-999999' } }), {
      status: 422,
      body: { detail: [{ loc: ['body', 'target_weights', 'BTC'], msg: /at most 18 decimals/ }] },
    })
    t.match(await refused({ target_weights: { 'B\u0000': '0.1' } }), { status: 422 })
    t.match(await refused({ target_weights: {}, quote_token: '\ud800' }), { status: 422 })
    t.match(await refused({ connector_name: 'binance_perpetual' }), { status: 400, body: { detail: /spot holdings/ } })
    t.match(await refused({ account_names: ['zz'] }), { status: 404, body: { detail: "Account 'zz' not found" } })
    t.match(await refused({ account_names: ['nobody'] }), { status: 400, body: { detail: /has no credentials/ } })
    t.match(await refused({ quote_token: 'EUR' }), { status: 400, body: { detail: /no market quoted in EUR/ } })
    t.match(await refused({ exclude_tokens: ['BTC'] }), { status: 400, body: { detail: /excluded/ } })
    t.match(await refused({ connector_name: 'kraken' }), { status: 503, body: { detail: /cannot be reached/ } })
    halt = { reason: 'too much lost' }
    t.match(await refused({ dry_run: false }), { status: 409, body: { detail: /halted.*too much lost/ } })
    t.match(await refused({}), { status: 200, body: { blocked_by: [/too much lost/] } })
    t.match(await get('/portfolio/rebalance/nothing'), { status: 404 })
    halt = null
    limits.maxOrdersPerMinute = 0
    t.match(await refused({ dry_run: false }), { status: 409, body: { detail: /1 orders.*may place 0 in a minute/ } })
    limits.maxOrderNotional = '100'
    t.match((await refused({})).body, { orders: [], not_reached: [{}, {}, { token: 'BTC', reason: 'guard' }] })
    await endGuards()
  })

  await t.test('a plan that meets a halt stops there and says so', async (t) => {
    const placed: unknown[] = []
    answering(nats, 'trading', 'place-order', (request) => {
      placed.push(request)
      return placeOrderReply.parse({ kind: 'halted', reason: 'Trading is halted for all accounts: enough' })
    })
    const endGuards = answering(nats, 'trading', 'guards', () => ({ guards: [] }))
    await nats.flush()
    const go = { connector_name: 'binance', account_names: ['master_account'], target_weights: {}, dry_run: false }
    const start = async (body: object) => post('/portfolio/rebalance', body)
    t.equal((await start({ ...go, target_weights: { BTC: 2 } })).status, 422)
    const started = await start(go)
    t.equal(started.status, 202)
    const { plan_id: id } = rebalanceResponse.parse(started.body)
    let plan = rebalanceResponse.parse((await get(`/portfolio/rebalance/${id}`)).body)
    while (plan.state === 'selling') plan = rebalanceResponse.parse((await get(`/portfolio/rebalance/${id}`)).body)
    t.match(plan, {
      plan_id: id,
      state: 'stopped',
      reason: 'Trading is halted for all accounts: enough',
      orders: [{ trade_type: 'SELL', amount: '2.0159', status: 'planned' }],
    })
    t.match(placed, [{ idempotencyKey: `rebalance ${id} 0`, amount: '2.0159', orderType: 'MARKET' }])
    await endGuards()
  })

  await t.test('when market-data goes away the last known prices stay', async (t) => {
    await withdraw()
    // What the oracle said a moment ago still counts for that moment.
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(50)) {
      const { body } = await state({})
      if (JSON.stringify(body) === JSON.stringify({ master_account: valued, nobody: {} })) break
    }
    t.same(await state({}), { status: 200, body: { master_account: valued, nobody: {} } })
  })

  await t.test('a bad request is refused with the contract’s list', async (t) => {
    const refused = (item: object) => ({ status: 422, body: { detail: [item] } })
    asked.length = 0
    t.same(
      await state({ account_names: 'x' }),
      refused({ type: 'list_type', loc: ['body', 'account_names'], msg: 'Input should be a valid list', input: 'x' }),
    )
    t.same(
      await state({ refresh: 'perhaps' }),
      refused({
        type: 'bool_parsing',
        loc: ['body', 'refresh'],
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: 'perhaps',
      }),
    )
    t.same(await state(''), refused({ type: 'missing', loc: ['body'], msg: 'Field required', input: null }))
    t.match(await state('{"refresh":'), {
      status: 422,
      body: { detail: [{ type: 'json_invalid', msg: 'JSON decode error' }] },
    })
    t.same(asked, [], 'nobody was asked')
  })
})
