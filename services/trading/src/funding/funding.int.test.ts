import { fundingPaymentsPage } from '@colibri/contracts'
import { openPostgresLog } from '@colibri/event-log'
import { openVenues } from '@colibri/exchange'
import t from 'tap'
import { eventually, testBed } from '../test-bed.ts'
import { recordFunding } from './record-funding.ts'

const DAY_MS = 24 * 60 * 60_000

const bed = await testBed(t)
const trading = await bed.start()
const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
const must = async (path: string, body: object): Promise<void> => {
  const reply = await trading.post(path, body)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
}
await must('/accounts/add-credential/master_account/simulator_perpetual', keys)

const order = {
  account_name: 'master_account',
  connector_name: 'simulator_perpetual',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  order_type: 'MARKET',
  amount: '0.01',
}
await must('/trading/orders', order)
await eventually(
  async () => (await trading.post('/trading/positions', {})).body,
  (page) => JSON.stringify(page).includes('"amount":0.01'),
)
// Three settlements pass at the venue.
await bed.control('/clock', { action: 'advance', ms: DAY_MS })

const urls = { rest: bed.simulator.restUrl, ws: bed.simulator.wsUrl }
const venues = openVenues({ urls: { simulator_perpetual: urls } })
t.teardown(() => venues.close())
const venue = venues.accountVenue('simulator_perpetual', keys)
const log = await openPostgresLog({ url: bed.databaseUrl })
t.teardown(() => log.close())
const deps = { log, now: Date.now, report: (error: unknown) => t.error(error) }
const payments = async (filter: object = {}) =>
  fundingPaymentsPage.parse((await trading.post('/trading/funding-payments', filter)).body)

t.test('every settlement of an open position is recorded once, however often and by whomever it is read', async (t) => {
  const since = Date.now() - DAY_MS
  await Promise.all([1, 2, 3].map(() => recordFunding(deps, 'master_account', venue, since)))
  await recordFunding(deps, 'master_account', venue, since)
  const { data, pagination } = await payments()
  const told = await venue.fundingPayments(since)
  t.ok(told.length >= 2, `${told.length} settlements`)
  t.equal(pagination.total_count, told.length)
  t.same(
    data.map(({ exchange_funding_id, funding_payment }) => [exchange_funding_id, funding_payment]),
    told.map(({ venueId, amount }) => [venueId, Number(amount)]).reverse(),
    'newest first, to the last digit',
  )
  for (const row of data) {
    t.match(row, { account_name: 'master_account', trading_pair: 'BTC-USDT', fee_currency: 'USDT' })
    t.not(row.funding_rate, 0, 'the rate of its settlement')
    t.equal(Math.sign(row.funding_payment), -Math.sign(row.funding_rate), 'a long position pays a positive rate')
  }
})

t.test('lists page by page without a gap, and honour their filters', async (t) => {
  const all = (await payments()).data.map(({ id }) => id)
  const seen: number[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await payments({ limit: 1, cursor })
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.pagination.next_cursor
    if (cursor === null) break
  }
  t.same(seen, all)
  t.same((await payments({ trading_pair: 'ETH-USDT' })).data, [])
  t.same((await payments({ connector_names: ['binance_perpetual', 'simulator'] })).data, [])
  t.same((await payments({ start_time: Date.now() + 10 * DAY_MS })).data, [])
  t.equal((await payments({ account_names: ['nobody', 'master_account'] })).data.length, all.length)
})
