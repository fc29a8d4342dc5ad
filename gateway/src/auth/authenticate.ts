import type { Credentials, Verdict } from './credentials.ts'
import type { Lockout } from './lockout.ts'

export interface Authenticate {
  readonly credentials: Credentials
  /** Whole seconds the address has to wait, 0 when it may try. */
  wait(address: string): number
  waitText(seconds: number): string
  /** Remembers how an attempt ended. */
  record(address: string, verdict: Verdict): void
}

/** Credentials and lockout together. Only a wrong user or password counts: nothing else is a guess. */
export const createAuthenticate = (
  credentials: Credentials,
  lockout: Lockout,
  onFailure: () => void,
): Authenticate => ({
  credentials,
  wait: (address) => Math.ceil(lockout.wait(address, Date.now()) / 1000),
  waitText: (seconds) => `Too many failed logins from this address; try again in ${seconds} s`,
  record: (address, verdict) => {
    if (verdict.kind === 'accepted') lockout.succeeded(address)
    if (verdict.kind !== 'wrong') return
    lockout.failed(address, Date.now())
    onFailure()
  },
})
