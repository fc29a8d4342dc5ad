import { type AccountVenue, UnknownConnector, type Venues } from '@colibri/exchange'
import { type AccountFiles, CredentialsUnreadable } from './account-files.ts'

export type Access =
  | { readonly kind: 'open'; readonly venue: AccountVenue }
  | { readonly kind: 'unknown-account' }
  | { readonly kind: 'unknown-connector' }
  | { readonly kind: 'no-credentials' }
  | { readonly kind: 'unreadable-credentials' }

/** One venue per account and connector, opened from the stored credentials when it is first needed, then kept. */
export interface AccountVenues {
  access(accountName: string, connectorName: string): Promise<Access>
  /** Closes what an account has open, at one connector or at all, and forgets it. */
  release(accountName: string, connectorName?: string): Promise<void>
  close(): Promise<void>
}

export interface AccountVenuesDeps {
  readonly files: AccountFiles
  readonly venues: Venues
  /** Called once for each venue opened, before anybody gets it. */
  opened(accountName: string, venue: AccountVenue): void
  released(accountName: string, connectorName: string): Promise<void>
  report(error: unknown, what: string): void
}

export const accountVenues = (deps: AccountVenuesDeps): AccountVenues => {
  const held = new Map<
    string,
    { readonly accountName: string; readonly connectorName: string; access: Promise<Access> }
  >()

  const open = async (accountName: string, connectorName: string): Promise<Access> => {
    if (!(await deps.files.exists(accountName))) return { kind: 'unknown-account' }
    if (!deps.venues.connectorNames().includes(connectorName)) return { kind: 'unknown-connector' }
    try {
      const credentials = await deps.files.read(accountName, connectorName)
      if (credentials === undefined) return { kind: 'no-credentials' }
      const venue = deps.venues.accountVenue(connectorName, credentials)
      deps.opened(accountName, venue)
      return { kind: 'open', venue }
    } catch (error) {
      if (error instanceof UnknownConnector) return { kind: 'unknown-connector' }
      if (!(error instanceof CredentialsUnreadable)) throw error
      deps.report(error, 'opening an account')
      return { kind: 'unreadable-credentials' }
    }
  }

  const release = async (selected: (accountName: string, connectorName: string) => boolean): Promise<void> => {
    const leaving = [...held].filter(([, { accountName, connectorName }]) => selected(accountName, connectorName))
    for (const [key] of leaving) held.delete(key)
    await Promise.all(
      leaving.map(async ([, { accountName, connectorName, access }]) => {
        const result = await access
        if (result.kind !== 'open') return
        await deps.released(accountName, connectorName)
        await result.venue.close()
      }),
    )
  }

  return {
    access(accountName, connectorName) {
      const key = `${accountName}\n${connectorName}`
      const known = held.get(key)
      if (known !== undefined) return known.access
      const access = open(accountName, connectorName)
      held.set(key, { accountName, connectorName, access })
      // Only what is open is kept: credentials may be added at any moment.
      const forget = (): void => {
        if (held.get(key)?.access === access) held.delete(key)
      }
      access.then((result) => result.kind !== 'open' && forget(), forget)
      return access
    },
    release: (accountName, connectorName) =>
      release((account, connector) => account === accountName && connector === (connectorName ?? connector)),
    close: () => release(() => true),
  }
}
