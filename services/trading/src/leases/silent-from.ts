import type { AccountLeases } from './account-leases.ts'

/** Venues take a signed request no longer than this after it was signed, where they look at its time. */
const REQUEST_VALID_MS = 10_000

/** Epoch milliseconds from when on nothing can reach a venue any more that another process has sent for the account. */
export const silentFrom =
  (leases: Pick<AccountLeases, 'soleSince'>, absentGraceMs: number) =>
  (accountName: string): number => {
    const since = leases.soleSince(accountName)
    return since === 0 ? 0 : since + Math.min(REQUEST_VALID_MS, absentGraceMs)
  }
