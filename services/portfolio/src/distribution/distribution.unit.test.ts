import { accountsDistribution, portfolioDistribution } from '@colibri/contracts'
import fc from 'fast-check'
import t from 'tap'
import { accountDistribution, tokenDistribution } from './distribution.ts'

const token = (name: string, units: string, price: string) => ({ token: name, units, available: units, price })
const accounts = [
  {
    accountName: 'master_account',
    connectorName: 'binance',
    tokens: [token('USDT', '100000', '1'), token('BTC', '2', '50000'), token('ETH', '10', '2500')],
  },
  { accountName: 'master_account', connectorName: 'kraken', tokens: [token('BTC', '0.5', '50000')] },
  { accountName: 'second', connectorName: 'binance', tokens: [token('BTC', '1.5', '50000')] },
  { accountName: 'second', connectorName: 'okx', tokens: [] },
]

t.test('tokens by value, with who holds them where', async (t) => {
  const spread = tokenDistribution(accounts, 'all_accounts')
  t.match(spread, { total_portfolio_value: 325_000, token_count: 3, account_filter: 'all_accounts' })
  t.same(
    spread.distribution.map(({ token, total_value, total_units, percentage }) => [
      token,
      total_value,
      total_units,
      percentage,
    ]),
    [
      ['BTC', 200_000, 4, 61.5385],
      ['USDT', 100_000, 100_000, 30.7692],
      ['ETH', 25_000, 10, 7.6923],
    ],
  )
  t.same(spread.distribution[0]?.accounts, {
    master_account: {
      value: 125_000,
      units: 2.5,
      percentage: 38.4615,
      connectors: { binance: { value: 100_000, units: 2 }, kraken: { value: 25_000, units: 0.5 } },
    },
    second: { value: 75_000, units: 1.5, percentage: 23.0769, connectors: { binance: { value: 75_000, units: 1.5 } } },
  })
})

t.test('accounts by value, empty ones too; all percentages are of the whole', async (t) => {
  t.same(accountDistribution(['nobody', 'second', 'master_account'], accounts), {
    total_portfolio_value: 325_000,
    account_count: 3,
    distribution: [
      {
        account: 'master_account',
        total_value: 250_000,
        percentage: 76.9231,
        connectors: { binance: { value: 225_000, percentage: 69.2308 }, kraken: { value: 25_000, percentage: 7.6923 } },
      },
      {
        account: 'second',
        total_value: 75_000,
        percentage: 23.0769,
        connectors: { binance: { value: 75_000, percentage: 23.0769 }, okx: { value: 0, percentage: 0 } },
      },
      { account: 'nobody', total_value: 0, percentage: 0, connectors: {} },
    ],
  })
})

t.test('nothing is nothing', async (t) => {
  t.same(tokenDistribution([], 'nobody'), {
    total_portfolio_value: 0,
    token_count: 0,
    distribution: [],
    account_filter: 'nobody',
  })
  t.same(accountDistribution([], []), { total_portfolio_value: 0, account_count: 0, distribution: [] })
})

t.test('whatever is held, the parts make the whole', async (t) => {
  const amount = fc.integer({ min: 0, max: 1_000_000 }).map((units) => String(units / 1000))
  const holding = fc.record({
    accountName: fc.constantFrom('a', 'b'),
    connectorName: fc.constantFrom('x', 'y'),
    tokens: fc.array(
      fc.tuple(fc.constantFrom('BTC', 'ETH', 'USDT'), amount, amount).map((given) => token(...given)),
      { maxLength: 3 },
    ),
  })
  const partsMakeTheWhole = fc.property(fc.array(holding, { maxLength: 4 }), (held) => {
    const tokens = portfolioDistribution.parse(tokenDistribution(held, 'all_accounts'))
    const owners = accountsDistribution.parse(accountDistribution(['a', 'b'], held))
    const close = (left: number, right: number): boolean => Math.abs(left - right) < 1e-3
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
    return (
      close(sum(tokens.distribution.map(({ total_value }) => total_value)), tokens.total_portfolio_value) &&
      close(sum(owners.distribution.map(({ total_value }) => total_value)), owners.total_portfolio_value) &&
      (tokens.total_portfolio_value === 0 ||
        Math.abs(sum(tokens.distribution.map(({ percentage }) => percentage)) - 100) < 1e-3)
    )
  })
  t.doesNotThrow(() => fc.assert(partsMakeTheWhole, { numRuns: 300 }))
})
