import { type Connector, type Credentials, connectorOf, UnknownConnector, type Venues } from '@colibri/exchange'
import type { AccountFiles } from './account-files.ts'
import type { AccountVenues } from './account-venues.ts'
import { credentialFields } from './credential-fields.ts'

export type Added =
  | { readonly kind: 'added' }
  /** In plain words why nothing was kept. */
  | { readonly kind: 'refused'; readonly detail: string }

export interface CredentialsDeps {
  readonly files: AccountFiles
  readonly venues: AccountVenues
  readonly exchange: Venues
  balancesMoved(accountName: string, connectorName: string): void
  report(error: unknown, what: string): void
}

/** Keys of accounts at venues. */
export interface CredentialStore {
  /**
   * Keeps credentials that the venue has accepted: it is asked for the balances first, and until it answers nothing that is
   * stored or open changes. Orders under way go on under the new keys.
   */
  add(accountName: string, connectorName: string, fields: Readonly<Record<string, unknown>>): Promise<Added>
  /** Orders that are open at the venue stay so; they are followed again once there are keys again. */
  remove(accountName: string, connectorName: string): Promise<void>
}

const refused = (detail: string): Added => ({ kind: 'refused', detail })

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const credentialStore = (deps: CredentialsDeps): CredentialStore => {
  /** Changes to one file, one after the other. */
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = async <T>(accountName: string, connectorName: string, work: () => Promise<T>): Promise<T> => {
    const key = `${accountName}\n${connectorName}`
    const before = turns.get(key)?.catch(() => undefined)
    const turn = (before ?? Promise.resolve()).then(work)
    turns.set(key, turn)
    try {
      return await turn
    } finally {
      if (turns.get(key) === turn) turns.delete(key)
    }
  }

  /** Undefined when the venue takes the keys. */
  const refusalOf = async (connector: Connector, credentials: Credentials): Promise<string | undefined> => {
    try {
      const venue = deps.exchange.accountVenue(connector.name, credentials)
      try {
        await venue.balances()
      } finally {
        await venue.close().catch((error: unknown) => deps.report(error, `closing ${connector.name} after a check`))
      }
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  return {
    add: (accountName, connectorName, fields) =>
      inTurn(accountName, connectorName, async () => {
        let connector: Connector
        try {
          connector = connectorOf(connectorName)
        } catch (error) {
          if (error instanceof UnknownConnector) return refused(`'${connectorName}'`)
          throw error
        }
        if (!(await deps.files.exists(accountName))) {
          return refused(`Directory 'credentials/${accountName}/connectors' not found`)
        }
        const read = credentialFields(connector, fields)
        if (read.kind === 'wrong') return refused(read.detail)
        if (!(await deps.files.passwordFits())) {
          return refused('The stored credentials were encrypted with another CONFIG_PASSWORD: start with that one')
        }
        const refusal = await refusalOf(connector, read.credentials)
        if (refusal !== undefined) return refused(refusal)
        await deps.files.write(accountName, connectorName, read.credentials)
        await deps.venues.release(accountName, connectorName)
        await deps.venues.access(accountName, connectorName)
        deps.balancesMoved(accountName, connectorName)
        return { kind: 'added' }
      }),

    remove: (accountName, connectorName) =>
      inTurn(accountName, connectorName, async () => {
        await deps.files.forget(accountName, connectorName)
        await deps.venues.release(accountName, connectorName)
        deps.balancesMoved(accountName, connectorName)
      }),
  }
}
