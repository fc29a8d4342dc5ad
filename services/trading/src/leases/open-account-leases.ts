import { randomUUID } from 'node:crypto'
import { prepareLeases } from '@colibri/event-log'
import type { ServiceKit } from '@colibri/service-kit'
import type { TradingConfig } from '../config.ts'
import type { AccountLeases, AccountLeasesDeps } from './account-leases.ts'
import { createAccountLeases } from './create-account-leases.ts'
import { openLeaseSession } from './lease-session.ts'
import { instant } from './term.ts'

export interface OpenAccountLeasesDeps
  extends Pick<
    AccountLeasesDeps,
    'accounts' | 'exists' | 'together' | 'adopt' | 'drained' | 'abandon' | 'becameKeeper'
  > {
  report(error: unknown, what: string): void
}

/** The leases of this process, kept in the service's database. */
export const openAccountLeases = async (
  { config, pool, logger, background, giveUp }: ServiceKit<TradingConfig>,
  deps: OpenAccountLeasesDeps,
): Promise<AccountLeases> => {
  const mode = config.EVENT_LOG === 'kurrentdb' ? 'exclusive' : 'shared'
  // The other log makes this table with its own.
  if (mode === 'exclusive') await prepareLeases(pool)
  const owner = { id: `${config.INSTANCE_ID} pid ${process.pid} ${randomUUID()}`, ttlMs: config.ACCOUNT_LEASE_MS }
  return createAccountLeases({
    ...deps,
    owner,
    mode,
    openSession: (address, changed) =>
      openLeaseSession({ pool, owner: { ...owner, address }, changed, report: deps.report }),
    giveUp,
    now: instant,
    background,
    logger,
  })
}
