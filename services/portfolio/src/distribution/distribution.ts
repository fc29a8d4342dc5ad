import type { AccountsDistribution, PortfolioDistribution } from '@colibri/contracts'
import type { Decimal } from 'decimal.js'
import type { ValuedAccount } from '../state/portfolio-state.ts'
import { Exact, worthOf } from '../state/valuation.ts'

const VALUE_DECIMALS = 6
const PERCENT_DECIMALS = 4

const rounded = (value: Decimal): number => value.toDecimalPlaces(VALUE_DECIMALS).toNumber()

/** 0 to 100. Of nothing everything is 0. */
const percentage = (part: Decimal, whole: Decimal): number =>
  whole.isZero() ? 0 : part.div(whole).times(100).toDecimalPlaces(PERCENT_DECIMALS).toNumber()

const sum = <T>(items: readonly T[], amount: (item: T) => Decimal): Decimal =>
  items.reduce((total, item) => total.plus(amount(item)), new Exact(0))

const worthOfAccount = ({ tokens }: ValuedAccount): Decimal => sum(tokens, worthOf)

/** Groups in the order of first appearance. */
const groupBy = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

const byValue = <T extends { readonly total_value: number }>(rows: readonly T[]): T[] =>
  [...rows].sort((left, right) => right.total_value - left.total_value)

/** How the worth of these accounts is spread over tokens, most valuable first. */
export const tokenDistribution = (accounts: readonly ValuedAccount[], accountFilter: string): PortfolioDistribution => {
  const holdings = accounts.flatMap(({ accountName, connectorName, tokens }) =>
    tokens.map((token) => ({ ...token, accountName, connectorName, value: worthOf(token) })),
  )
  const total = sum(holdings, ({ value }) => value)
  const units = (held: typeof holdings) => sum(held, (holding) => new Exact(holding.units)).toNumber()
  const value = (held: readonly (typeof holdings)[number][]) => sum(held, (holding) => holding.value)
  const rows = [...groupBy(holdings, ({ token }) => token)].map(([token, held]) => ({
    token,
    total_value: rounded(value(held)),
    total_units: units([...held]),
    percentage: percentage(value(held), total),
    accounts: Object.fromEntries(
      [...groupBy(held, ({ accountName }) => accountName)].map(([account, owned]) => [
        account,
        {
          value: rounded(value(owned)),
          units: units([...owned]),
          percentage: percentage(value(owned), total),
          connectors: Object.fromEntries(
            [...groupBy(owned, ({ connectorName }) => connectorName)].map(([connector, there]) => [
              connector,
              { value: rounded(value(there)), units: units([...there]) },
            ]),
          ),
        },
      ]),
    ),
  }))
  return {
    total_portfolio_value: rounded(total),
    token_count: rows.length,
    distribution: byValue(rows),
    account_filter: accountFilter,
  }
}

/** How it is spread over accounts and their connectors, most valuable account first. An empty account is worth 0. */
export const accountDistribution = (
  accountNames: readonly string[],
  accounts: readonly ValuedAccount[],
): AccountsDistribution => {
  const total = sum(accounts, worthOfAccount)
  const rows = accountNames.map((account) => {
    const own = accounts.filter(({ accountName }) => accountName === account)
    const value = sum(own, worthOfAccount)
    return {
      account,
      total_value: rounded(value),
      percentage: percentage(value, total),
      connectors: Object.fromEntries(
        own.map((each) => [
          each.connectorName,
          { value: rounded(worthOfAccount(each)), percentage: percentage(worthOfAccount(each), total) },
        ]),
      ),
    }
  })
  return { total_portfolio_value: rounded(total), account_count: rows.length, distribution: byValue(rows) }
}
