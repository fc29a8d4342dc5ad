import type { balancesReply, PortfolioStateRequest, PortfolioStateResponse } from '@colibri/contracts'
import type { z } from 'zod'
import { pricedPairs, shownBalances, tokenEntry, type ValuedToken, valuedToken } from './valuation.ts'

export interface BalanceFilter {
  readonly accountNames: readonly string[] | null
  readonly connectorNames: readonly string[] | null
  readonly refresh: boolean
}

export interface PortfolioDeps {
  readonly accountNames: () => Promise<readonly string[]>
  readonly balances: (filter: BalanceFilter) => Promise<z.infer<typeof balancesReply>>
  readonly prices: (connectorName: string, tradingPairs: readonly string[]) => Promise<ReadonlyMap<string, string>>
  readonly bannedTokens: ReadonlySet<string>
}

/** What one account holds at one connector. */
export interface ValuedAccount {
  readonly accountName: string
  readonly connectorName: string
  /** Empty for a connector that failed. */
  readonly tokens: readonly ValuedToken[]
}

/** Holdings as a venue told them. */
export interface AskedAccount extends ValuedAccount {
  /** Epoch milliseconds at which it was asked. */
  readonly askedAt: number
}

type AccountBalances = z.infer<typeof balancesReply>['accounts'][number]

/**
 * What every account owns at every connector, valued. Trading holds the balances and refreshes them after each fill, so
 * it is asked every time and nothing shown here is older than the last fill it knows. An asked account that exists is
 * always there, without connectors when none matches; a connector that failed is an empty list.
 */
export const portfolioState =
  (deps: PortfolioDeps) =>
  async (request: PortfolioStateRequest): Promise<PortfolioStateResponse> => {
    const asked = someOrAll(request.account_names)
    const filter = {
      accountNames: asked,
      connectorNames: someOrAll(request.connector_names),
      refresh: request.refresh,
    }
    const [accountNames, valued] = await Promise.all([deps.accountNames(), valuedAccounts(deps, filter)])
    const shown = asked === null ? accountNames : accountNames.filter((name) => asked.includes(name))
    return Object.fromEntries(
      shown.map((name) => [
        name,
        Object.fromEntries(
          valued
            .filter(({ accountName }) => accountName === name)
            .map((each) => [each.connectorName, each.tokens.map(tokenEntry)]),
        ),
      ]),
    )
  }

export const valuedAccounts = async (deps: PortfolioDeps, filter: BalanceFilter): Promise<readonly AskedAccount[]> => {
  const { accounts } = await deps.balances(filter)
  return Promise.all(
    accounts.map(async (account) => ({
      accountName: account.accountName,
      connectorName: account.connectorName,
      askedAt: account.time,
      tokens: await tokensOf(deps, account),
    })),
  )
}

/** An empty filter filters nothing. */
export const someOrAll = (names: readonly string[] | null): readonly string[] | null =>
  names === null || names.length === 0 ? null : names

const tokensOf = async (deps: PortfolioDeps, account: AccountBalances): Promise<readonly ValuedToken[]> => {
  if (account.error !== null) return []
  const shown = shownBalances(account.balances, deps.bannedTokens)
  const prices = await deps.prices(account.connectorName, pricedPairs(shown, account.connectorName))
  return shown.map((balance) => valuedToken(balance, account.connectorName, prices))
}
