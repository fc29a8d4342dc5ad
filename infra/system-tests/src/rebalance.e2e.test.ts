import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Decimal } from 'decimal.js'
import t from 'tap'
import { type Api, api as apiOf } from './api.ts'
import { startColibri } from './colibri.ts'

interface Entry {
  readonly token: string
  readonly units: number
  readonly value: number
}
type State = Readonly<Record<string, Readonly<Record<string, readonly Entry[]>>>>

interface Ledger {
  readonly requests: readonly { readonly clientOrderId: string; readonly accepted: number }[]
  readonly orders: readonly {
    readonly clientOrderId: string
    readonly fills: readonly { readonly fee: string; readonly feeAsset: string }[]
  }[]
}

interface Plan {
  readonly plan_id: string | null
  readonly state: string
  readonly orders: readonly {
    readonly trading_pair: string
    readonly trade_type: string
    readonly status: string
    readonly client_order_id: string | null
  }[]
}

const must = async <T>(asked: Promise<{ readonly status: number; readonly body: unknown }>): Promise<T> => {
  const { status, body } = await asked
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body as T
}

/** Answers of a system in which a process may just have been killed. */
const patiently = async <T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> => {
  const deadline = Date.now() + 120_000
  for (;;) {
    const answer = await ask().catch((error: Error) => error)
    if (!(answer instanceof Error) && holds(answer)) return answer
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(answer)} ${answer}`)
    await sleep(100)
  }
}

const held = (state: State): readonly Entry[] => state.master_account?.simulator ?? []
const now = (api: Api): Promise<State> =>
  must(api.post('/portfolio/state', { refresh: true, connector_names: ['simulator'] }))
const unitsOf = (state: State) => Object.fromEntries(held(state).map(({ token, units }) => [token, units]))

const cli = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url))

/** One sell and two buys, which the sell helps to pay. */
const target = { BTC: '0.1', ETH: '0.45', BNB: '0.4' }
const request = { connector_name: 'simulator', account_names: ['master_account'], target_weights: target }

t.test(
  'a rebalance is planned, carried out through two kills, and explained afterwards',
  { timeout: 300_000 },
  async (t) => {
    const colibri = await startColibri()
    t.teardown(() => colibri.stop())
    // A machine with much to do may need its time for a request that asks a venue.
    const api = apiOf(colibri.url, 60_000)
    const ledger = async (): Promise<Ledger> => {
      const reply = await fetch(`${(await colibri.run()).urls.simulator}/control/ledger`)
      return (await reply.json()) as Ledger
    }

    const before = await now(api)
    const planned = await must<Plan>(api.post('/portfolio/rebalance', request))
    t.match(planned, { plan_id: null, state: 'dry-run', target_weights: { USDT: '0.05' } })
    t.same(
      planned.orders.map((order) => `${order.trade_type} ${order.trading_pair}`),
      ['SELL BTC-USDT', 'BUY ETH-USDT', 'BUY BNB-USDT'],
    )
    t.equal((await ledger()).orders.length, 0, 'a dry run sends nothing')

    // The first snapshot is taken as the system starts.
    const beforePlan = await patiently(
      async () => {
        const at = Date.now()
        const { status, body } = await api.get(`/portfolio/state?connector_names=simulator&as_of=${at}`)
        return { at, status, body: body as State }
      },
      ({ status }) => status === 200,
    )
    t.same(unitsOf(beforePlan.body), unitsOf(before))

    const key = { 'idempotency-key': 'rebalance of the test' }
    const go = { ...request, dry_run: false }
    const started = await api.post('/portfolio/rebalance', go, key)
    t.equal(started.status, 202, JSON.stringify(started.body))
    const id = (started.body as Plan).plan_id
    await colibri.kill('trading')
    await patiently(
      () => must<Plan>(api.get(`/portfolio/rebalance/${id}`)),
      ({ orders }) => orders.some(({ status }) => status !== 'planned'),
    )
    await colibri.kill('portfolio')
    const done = await patiently(
      () => must<Plan>(api.get(`/portfolio/rebalance/${id}`)),
      ({ state }) => state === 'completed' || state === 'stopped',
    )
    t.equal(done.state, 'completed', JSON.stringify(done))
    t.same(
      done.orders.map(({ status }) => status),
      done.orders.map(() => 'FILLED'),
    )
    t.match(await api.post('/portfolio/rebalance', go, key), { status: 202, body: { plan_id: id, state: 'completed' } })

    const { orders, requests } = await ledger()
    t.equal(orders.length, done.orders.length, 'no order was sent twice')
    t.ok(requests.every(({ accepted }) => accepted === 1))
    t.same(
      new Set(orders.map(({ clientOrderId }) => clientOrderId)),
      new Set(done.orders.map(({ client_order_id: clientOrderId }) => clientOrderId)),
    )

    const after = await now(api)
    const total = held(after).reduce((sum, { value }) => sum + value, 0)
    for (const [token, weight] of Object.entries(target)) {
      const value = held(after).find((entry) => entry.token === token)?.value ?? 0
      // Prices move while it trades, and a little of the money is kept back.
      t.ok(Math.abs(value / total - Number(weight)) < 0.02, `${token} is ${value / total} of the portfolio`)
    }

    // What the log knows of before and after is what the venue says, to the last digit.
    const past = await must<State>(api.get(`/portfolio/state?connector_names=simulator&as_of=${beforePlan.at}`))
    t.same(unitsOf(past), unitsOf(before))
    const present = await must<State>(api.get(`/portfolio/state?connector_names=simulator&as_of=${Date.now()}`))
    t.same(unitsOf(present), unitsOf(after))

    const pnl = await must<{ markets: { trading_pair: string; position: string; fills: number }[] }>(
      api.get('/portfolio/pnl?account_names=master_account'),
    )
    for (const { trading_pair: pair, position } of pnl.markets) {
      const token = pair.slice(0, pair.indexOf('-'))
      const fees = orders.flatMap((order) => order.fills.filter(({ feeAsset }) => feeAsset === token))
      const paid = fees.reduce((sum, { fee }) => sum.plus(fee), new Decimal(0))
      const change = new Decimal(unitsOf(after)[token] ?? 0).minus(unitsOf(before)[token] ?? 0)
      t.equal(new Decimal(position).minus(paid).toFixed(), change.toFixed(), `${pair} moved by its position less fees`)
    }

    // A perpetual's collateral moves by what was realised, fees and funding, as far as the venue's own rounding.
    const traded = [
      { trade_type: 'BUY', amount: '0.01' },
      { trade_type: 'BUY', amount: '0.02' },
      { trade_type: 'SELL', amount: '0.03', position_action: 'CLOSE' },
    ]
    for (const order of traded)
      await must(
        api.post('/trading/orders', {
          account_name: 'master_account',
          connector_name: 'simulator_perpetual',
          trading_pair: 'BTC-USDT',
          order_type: 'MARKET',
          ...order,
        }),
      )
    const perpetual = '/portfolio/pnl?connector_names=simulator_perpetual'
    const { markets } = await patiently(
      () => must<{ markets: { position: string; side: string; volume_base: string }[] }>(api.get(perpetual)),
      ({ markets: [market] }) => market?.position === '0' && market.volume_base === '0.06',
    )
    t.match(markets, [{ side: 'BOTH', position: '0' }])
    const connectors = ['simulator_perpetual']
    const collateral = (state: State) =>
      state.master_account?.simulator_perpetual?.find(({ token }) => token === 'USDT')
    const said = collateral(await must(api.post('/portfolio/state', { refresh: true, connector_names: connectors })))
    const counted = collateral(
      await must<State>(api.get(`/portfolio/state?connector_names=simulator_perpetual&as_of=${Date.now()}`)),
    )
    const apart = new Decimal(said?.units ?? 0).minus(counted?.units ?? 1).abs()
    t.ok(apart.lte('0.00000002'), `${said?.units} by the venue, ${counted?.units} by the log`)

    for (const readModel of ['pnl', 'portfolio-past', 'portfolio-rebalances']) {
      const env = { ...process.env, COLIBRI_HOME: colibri.home }
      const { stdout } = await promisify(execFile)(process.execPath, [cli, 'rebuild', readModel], { env })
      const [, ...tables] = stdout.trim().split('\n')
      t.ok(tables.length > 0 && tables.every((line) => line.includes(': identical,')), stdout)
    }

    const sent = (await ledger()).orders.length
    await must(api.post('/guards/portfolio/halt', { ladder: 'pause', reason: 'enough for today' }))
    t.match(await api.post('/portfolio/rebalance', { ...go, target_weights: { BTC: 1 } }), {
      status: 409,
      body: { detail: /halted.*enough for today/ },
    })
    t.match(await api.post('/portfolio/rebalance', { ...request, target_weights: { BTC: 1 } }), {
      status: 200,
      body: { blocked_by: [/enough for today/] },
    })
    t.equal((await ledger()).orders.length, sent)
  },
)
