import {
  type Connector,
  type Credentials,
  connectorOf,
  type KeyPermissions,
  UnknownConnector,
  unknownPermissions,
  type Venues,
} from '@colibri/exchange'
import type { Cause } from '../orders/order-streams.ts'
import { type AccountFiles, NoCredentialsFolder } from './account-files.ts'
import type { AccountLog } from './account-log.ts'
import type { AccountVenues } from './account-venues.ts'
import { credentialFields } from './credential-fields.ts'
import { warningsOf } from './key-warnings.ts'

export type Added =
  | { readonly kind: 'added'; readonly permissions: KeyPermissions }
  /** In plain words why nothing was kept. */
  | { readonly kind: 'refused'; readonly detail: string }

export interface CredentialsDeps {
  readonly files: AccountFiles
  readonly venues: AccountVenues
  readonly exchange: Venues
  readonly history: AccountLog
  balancesMoved(accountName: string, connectorName: string): void
  report(error: unknown, what: string): void
  warn(text: string): void
}

/** Accounts, and their keys at venues. */
export interface CredentialStore {
  /**
   * Keeps credentials that the venue has accepted: it is asked for the balances first, and until it answers nothing that is
   * stored or open changes. Orders under way go on under the new keys; when it resolves nothing is asked for under the old
   * ones any more. What fails on the way leaves the stored file as it was, byte for byte.
   */
  add(
    accountName: string,
    connectorName: string,
    fields: Readonly<Record<string, unknown>>,
    cause: Required<Cause>,
  ): Promise<Added>
  /** Orders that are open at the venue stay so; they are followed again once there are keys again. */
  remove(accountName: string, connectorName: string, cause: Required<Cause>): Promise<void>
  /** What the stored keys may do, by the venue's word; undefined when none are stored. Never rejects because of the venue. */
  permissions(accountName: string, connectorName: string): Promise<KeyPermissions | undefined>
  addAccount(accountName: string, cause: Required<Cause>): Promise<'created' | 'exists'>
  removeAccount(accountName: string, cause: Required<Cause>): Promise<'removed' | 'unknown'>
}

const refused = (detail: string): Added => ({ kind: 'refused', detail })

/** A failing file system says where the file is, which is nobody's business. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' && 'syscall' in error
    ? `The credentials could not be stored: ${error.code}`
    : error.message
}

export const credentialStore = (deps: CredentialsDeps): CredentialStore => {
  /** Changes to one file, and to the folder of one account, one after the other. */
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(key)?.catch(() => undefined)
    const turn = (before ?? Promise.resolve()).then(work)
    turns.set(key, turn)
    try {
      return await turn
    } finally {
      if (turns.get(key) === turn) turns.delete(key)
    }
  }
  const oneFile = <T>(accountName: string, connectorName: string, work: () => Promise<T>): Promise<T> =>
    inTurn(`${accountName}\n${connectorName}`, work)

  /** What the keys may do, or why the venue does not take them. */
  const check = async (connector: Connector, credentials: Credentials): Promise<KeyPermissions | string> => {
    try {
      const venue = deps.exchange.accountVenue(connector.name, credentials)
      try {
        await venue.balances()
        return await venue.keyPermissions()
      } finally {
        await venue.close().catch((error: unknown) => deps.report(error, `closing ${connector.name} after a check`))
      }
    } catch (error) {
      return messageOf(error)
    }
  }

  /** Undefined when the credentials are stored and in use; otherwise why not, with everything as it was before. */
  const store = async (
    accountName: string,
    connectorName: string,
    credentials: Credentials,
    permissions: KeyPermissions,
    cause: Required<Cause>,
  ): Promise<string | undefined> => {
    const before = await deps.files.stored(accountName, connectorName)
    try {
      await deps.files.write(accountName, connectorName, credentials)
    } catch (error) {
      if (!(error instanceof NoCredentialsFolder)) deps.report(error, 'storing credentials')
      return messageOf(error)
    }
    const { trade, withdraw, ipRestricted } = permissions
    const kind = before === undefined ? 'first' : 'renewed'
    const data = { accountName, connectorName, kind, permissions: { trade, withdraw, ipRestricted } } as const
    try {
      const access = await deps.venues.renew(accountName, connectorName, credentials)
      if (access.kind !== 'open') throw new Error(`The credentials cannot be used once they are stored: ${access.kind}`)
      await deps.history.record({ type: 'CredentialsStored', data }, cause)
      return undefined
    } catch (error) {
      deps.report(error, 'storing credentials')
      await deps.files.putBack(accountName, connectorName, before)
      if (before === undefined) await deps.venues.release(accountName, connectorName)
      else await deps.venues.renew(accountName, connectorName)
      return messageOf(error)
    }
  }

  return {
    add: (accountName, connectorName, fields, cause) =>
      oneFile(accountName, connectorName, async () => {
        let connector: Connector
        try {
          connector = connectorOf(connectorName)
        } catch (error) {
          if (error instanceof UnknownConnector) return refused(`'${connectorName}'`)
          throw error
        }
        if (!(await deps.files.exists(accountName))) return refused(new NoCredentialsFolder(accountName).message)
        const read = credentialFields(connector, fields)
        if (read.kind === 'wrong') return refused(read.detail)
        if (!(await deps.files.passwordFits())) {
          return refused('The stored credentials were encrypted with another CONFIG_PASSWORD: start with that one')
        }
        const permissions = await check(connector, read.credentials)
        if (typeof permissions === 'string') return refused(permissions)
        // The account may be deleted while its venue is asked.
        const failure = await inTurn(accountName, () =>
          store(accountName, connectorName, read.credentials, permissions, cause),
        )
        if (failure !== undefined) return refused(failure)
        deps.balancesMoved(accountName, connectorName)
        for (const warning of warningsOf(permissions)) deps.warn(`${accountName} on ${connectorName}: ${warning}`)
        return { kind: 'added', permissions }
      }),

    remove: (accountName, connectorName, cause) =>
      oneFile(accountName, connectorName, async () => {
        const forgotten = await deps.files.forget(accountName, connectorName)
        await deps.venues.release(accountName, connectorName)
        if (forgotten === 'nothing') return
        deps.balancesMoved(accountName, connectorName)
        await deps.history.record({ type: 'CredentialsDeleted', data: { accountName, connectorName } }, cause)
      }),

    async permissions(accountName, connectorName) {
      const access = await deps.venues.access(accountName, connectorName)
      switch (access.kind) {
        case 'open':
          return access.venue.keyPermissions()
        case 'unknown-account':
        case 'no-credentials':
          return undefined
        case 'unknown-connector':
          return (await deps.files.connectors(accountName)).includes(connectorName)
            ? unknownPermissions(`${connectorName} cannot be used here`)
            : undefined
        case 'unreadable-credentials':
          return unknownPermissions('The stored credentials cannot be read')
      }
    },

    addAccount: (accountName, cause) =>
      inTurn(accountName, async () => {
        if (await deps.files.exists(accountName)) return 'exists'
        const made = await deps.files.create(accountName)
        if (made === 'exists') return 'exists'
        try {
          await deps.history.record({ type: 'AccountAdded', data: { accountName } }, cause)
          return 'created'
        } catch (error) {
          await deps.files.remove(accountName)
          throw error
        }
      }),

    removeAccount: (accountName, cause) =>
      inTurn(accountName, async () => {
        if (!(await deps.files.exists(accountName))) return 'unknown'
        await deps.files.remove(accountName)
        await deps.venues.release(accountName)
        await deps.history.record({ type: 'AccountDeleted', data: { accountName } }, cause)
        return 'removed'
      }),
  }
}
