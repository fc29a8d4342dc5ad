import type { PortfolioStateRequest, PortfolioStateResponse } from '@colibri/contracts'
import { someOrAll } from '../state/portfolio-state.ts'
import { shownBalances, tokenEntry } from '../state/valuation.ts'
import type { PastQueries } from './past.queries.ts'

export interface PastStateDeps {
  readonly past: Pick<PastQueries, 'holdings'>
  readonly bannedTokens: ReadonlySet<string>
  prices(connectorName: string, tokens: readonly string[], at: number): Promise<ReadonlyMap<string, string>>
}

export interface PastState {
  /** Epoch milliseconds of the snapshot it begins with; null when nothing is known of that time. */
  readonly takenAt: number | null
  readonly state: PortfolioStateResponse
}

const has = (names: readonly string[] | null, name: string): boolean => names === null || names.includes(name)

/** The portfolio's state at a time, in the shape of the present one. Accounts without holdings then are not in it. */
export const pastState =
  ({ past, bannedTokens, prices }: PastStateDeps) =>
  async (request: PortfolioStateRequest, at: number): Promise<PastState> => {
    const accounts = someOrAll(request.account_names)
    const connectors = someOrAll(request.connector_names)
    const { takenAt, holdings } = await past.holdings(at)
    const state: PortfolioStateResponse = {}
    for (const { accountName, connectorName, balances } of holdings) {
      if (!has(accounts, accountName)) continue
      const account = state[accountName] ?? {}
      state[accountName] = account
      if (!has(connectors, connectorName)) continue
      const shown = shownBalances(
        balances.map(({ token, units, available }) => ({ token, total: units, available })),
        bannedTokens,
      )
      const known = await prices(
        connectorName,
        shown.map(({ token }) => token),
        at,
      )
      account[connectorName] = shown.map(({ token, total, available }) =>
        tokenEntry({ token, units: total, available, price: known.get(token) ?? '0' }),
      )
    }
    return { takenAt, state }
  }
