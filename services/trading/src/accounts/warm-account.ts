import type { TradingRules } from '../rules/trading-rules.ts'
import type { AccountFiles } from './account-files.ts'
import type { AccountVenues } from './account-venues.ts'
import type { Balances } from './balances.ts'

export interface WarmAccountDeps {
  readonly files: AccountFiles
  readonly venues: AccountVenues
  readonly rules: TradingRules
  readonly balances: Balances
  /** It is no longer of use. */
  isOver(accountName: string): boolean
}

/** Opens what is stored, so that the first order pays for no decryption, no markets and no rules. */
export const warmAccount =
  ({ files, venues, rules, balances, isOver }: WarmAccountDeps) =>
  async (accountName: string): Promise<void> => {
    const connectors = await files.connectors(accountName)
    if (isOver(accountName)) return
    await Promise.all(connectors.map((name) => Promise.all([venues.access(accountName, name), rules.of(name)])))
    if (isOver(accountName)) return
    await balances.read({ accountNames: [accountName], connectorNames: null, refresh: false })
  }
