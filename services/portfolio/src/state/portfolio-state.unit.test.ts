import { portfolioStateRequest } from '@colibri/contracts'
import t from 'tap'
import { type BalanceFilter, portfolioState } from './portfolio-state.ts'

const rows = [
  {
    accountName: 'master_account',
    connectorName: 'binance',
    balances: [
      { token: 'USDT', total: '100', available: '90' },
      { token: 'BTC', total: '2', available: '2' },
      { token: 'NAV', total: '7', available: '7' },
    ],
    time: 1,
    error: null,
  },
  { accountName: 'master_account', connectorName: 'kraken', balances: [], time: 1, error: 'kraken cannot be reached' },
]

const stateWith = (asked: BalanceFilter[] = []) =>
  portfolioState({
    accountNames: async () => ['master_account', 'nobody'],
    // As trading does: filters its own copy.
    balances: async (filter) => {
      asked.push(filter)
      return {
        accounts: rows.filter(
          ({ accountName, connectorName }) =>
            (filter.accountNames?.includes(accountName) ?? true) &&
            (filter.connectorNames?.includes(connectorName) ?? true),
        ),
      }
    },
    prices: async (_, pairs) => new Map(pairs.map((pair) => [pair, '50000'])),
    bannedTokens: new Set(['NAV']),
  })

const request = (body: object) => portfolioStateRequest.parse(body)

const binance = [
  { token: 'USDT', units: 100, price: 1, value: 100, available_units: 90 },
  { token: 'BTC', units: 2, price: 50000, value: 100000, available_units: 2 },
]

t.test('every account, every connector; a failing one is an empty list', async (t) => {
  t.same(await stateWith()(request({})), { master_account: { binance, kraken: [] }, nobody: {} })
})

t.test('accounts without a matching connector stay, unknown accounts do not appear', async (t) => {
  t.same(await stateWith()(request({ connector_names: ['binance'] })), { master_account: { binance }, nobody: {} })
  t.same(await stateWith()(request({ account_names: ['nobody', 'unknown'] })), { nobody: {} })
  t.same(await stateWith()(request({ account_names: ['unknown'] })), {})
  t.same(await stateWith()(request({ account_names: [], connector_names: [] })), await stateWith()(request({})))
})

t.test('a filter leaves nothing behind for the next request', async (t) => {
  const state = stateWith()
  const whole = await state(request({}))
  await state(request({ connector_names: ['kraken'] }))
  t.same(await state(request({})), whole)
})

t.test('refresh reaches trading, with the filter', async (t) => {
  const asked: BalanceFilter[] = []
  await stateWith(asked)(request({ refresh: true, account_names: ['master_account'], connector_names: ['binance'] }))
  await stateWith(asked)(request({}))
  t.same(asked, [
    { accountNames: ['master_account'], connectorNames: ['binance'], refresh: true },
    { accountNames: null, connectorNames: null, refresh: false },
  ])
})
