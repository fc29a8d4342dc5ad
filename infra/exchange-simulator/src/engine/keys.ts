import type { Account } from './state.ts'

/** What a key may do besides reading. */
export interface KeyPermissions {
  readonly trade: boolean
  readonly withdraw: boolean
  readonly ipRestricted: boolean
}

/** An account may have several keys at once: a new one is made before the old one is revoked. */
export interface ApiKey {
  readonly account: Account
  readonly apiKey: string
  readonly apiSecret: string
  readonly permissions: KeyPermissions
}

export const defaultPermissions: KeyPermissions = { trade: true, withdraw: false, ipRestricted: false }
