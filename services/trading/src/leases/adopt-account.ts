import type { Descent } from '../guards/descend.ts'
import type { TradingGuards } from '../guards/guards.ts'
import { type RecoverOrdersDeps, recoverOrders, rememberEnded } from '../orders/recover-orders.ts'

export interface AdoptAccountDeps {
  readonly recovery: RecoverOrdersDeps
  readonly guards: TradingGuards
  readonly descent: Descent
  /** Opens what is stored of the account. */
  warm(accountName: string): Promise<void>
  background(name: string, work: Promise<unknown>): void
}

/** Makes an account usable that this process has become the writer of; what need not be waited for follows. */
export const adoptAccount =
  ({ recovery, guards, descent, warm, background }: AdoptAccountDeps) =>
  async (accountName: string): Promise<void> => {
    recovery.streams.forgetOf(accountName)
    await guards.refresh()
    await recoverOrders(recovery, accountName)
    descent.resume({ kind: 'account', accountName })
    background('looking for orders that ended', rememberEnded(recovery, accountName))
    background('opening a stored account', warm(accountName))
  }
