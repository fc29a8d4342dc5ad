/** Of every lease of this service. */
export const PREFIX = 'trading '
/** The process that decides over all accounts. */
export const KEEPER = `${PREFIX}keeper`
/** A process that counts when accounts are shared. */
export const REPLICA = `${PREFIX}replica `
const ACCOUNT = `${PREFIX}account `

export const accountLease = (account: string): string => ACCOUNT + account

/** The account that a lease is of. */
export const accountOf = (lease: string): string | undefined =>
  lease.startsWith(ACCOUNT) ? lease.slice(ACCOUNT.length) : undefined
