import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connector, type Credentials, connectorOf } from '@colibri/exchange'
import { writeWhole } from '@colibri/service-kit'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { decryptSecret, encryptSecret, looksEncrypted } from './key-file.ts'

export const MASTER_ACCOUNT = 'master_account'
const VERIFICATION_FILE = '.password_verification'
const VERIFICATION_WORD = 'HummingBot'
/** What a new account takes over from the master account. */
const TEMPLATES = ['conf_client.yml', 'conf_fee_overrides.yml', 'hummingbot_logs.yml', VERIFICATION_FILE]
const BANNER =
  '#####################################\n###   configuration of a connector   ###\n#####################################\n\n'

export const isPathName = (name: string): boolean => /^[A-Za-z0-9_-]+$/.test(name)

export class CredentialsUnreadable extends Error {
  override readonly name = 'CredentialsUnreadable'
}

/** Accounts as folders in the original's layout: `<home>/bots/credentials/<account>/connectors/<connector>.yml`. */
export interface AccountFiles {
  /** The master account first, then by name. */
  accounts(): Promise<string[]>
  exists(accountName: string): Promise<boolean>
  /** Connectors with stored credentials, by name. */
  connectors(accountName: string): Promise<string[]>
  /** Undefined when nothing is stored. Throws `CredentialsUnreadable`. */
  read(accountName: string, connectorName: string): Promise<Credentials | undefined>
  write(accountName: string, connectorName: string, credentials: Credentials): Promise<void>
  /** Forgets what is stored for a connector, if anything is. */
  forget(accountName: string, connectorName: string): Promise<void>
  create(accountName: string): Promise<void>
  remove(accountName: string): Promise<void>
  /** Makes the master account when it is missing; true when it did. */
  ensureMaster(): Promise<boolean>
  /** False when the stored verification was written under another password. */
  passwordFits(): Promise<boolean>
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

const orWhenMissing = async <T>(work: Promise<T>, value: T): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return value
    throw error
  }
}

const yamlValue = z.union([z.string(), z.number(), z.boolean(), z.null()])
const connectorFile = z.record(z.string(), yamlValue)

const isSecret = (connector: Connector, field: string): boolean =>
  connector.fields.some(({ name, secret }) => name === field && secret)

/** Bots read switches and counts as YAML's own. */
const plainValue = (connector: Connector, field: string, value: string): string | number | boolean => {
  const type = connector.fields.find(({ name }) => name === field)?.type
  if (type === 'bool') return /^(true|yes|on|1)$/i.test(value)
  return type === 'int' ? Number(value) : value
}

export const accountFiles = (home: string, password: string): AccountFiles => {
  const root = join(home, 'bots', 'credentials')
  const folder = (accountName: string): string => join(root, accountName)
  const connectorPath = (accountName: string, connectorName: string): string =>
    join(folder(accountName), 'connectors', `${connectorName}.yml`)

  const accounts = async (): Promise<string[]> => {
    const entries = await orWhenMissing(readdir(root, { withFileTypes: true }), [])
    const names = entries.filter((entry) => entry.isDirectory() && isPathName(entry.name)).map((entry) => entry.name)
    return names.sort((a, b) => (a === MASTER_ACCOUNT ? -1 : b === MASTER_ACCOUNT ? 1 : a.localeCompare(b, 'en')))
  }

  const exists = async (accountName: string): Promise<boolean> =>
    isPathName(accountName) && (await accounts()).includes(accountName)

  return {
    accounts,
    exists,

    async connectors(accountName) {
      const names = await orWhenMissing(readdir(join(folder(accountName), 'connectors')), [])
      return names
        .filter((name) => name.endsWith('.yml') && !name.startsWith('.') && !name.startsWith('_'))
        .map((name) => name.slice(0, -'.yml'.length))
        .sort()
    },

    async read(accountName, connectorName) {
      if (!isPathName(accountName) || !isPathName(connectorName)) return undefined
      const text = await orWhenMissing<string | undefined>(
        readFile(connectorPath(accountName, connectorName), 'utf8'),
        undefined,
      )
      if (text === undefined) return undefined
      const connector = connectorOf(connectorName)
      const refuse = (reason: string): CredentialsUnreadable =>
        new CredentialsUnreadable(`credentials of ${accountName} for ${connectorName}: ${reason}`)
      let fields: z.infer<typeof connectorFile>
      try {
        fields = connectorFile.parse(parse(text, { version: '1.1' }))
      } catch {
        // The parser's message quotes the file, which holds secrets.
        throw refuse('the file is not a flat YAML mapping')
      }
      const opened = await Promise.all(
        Object.entries(fields)
          .filter(([name, value]) => name !== 'connector' && value !== null)
          .map(async ([name, value]): Promise<[string, string]> => {
            const stored = String(value)
            if (!isSecret(connector, name) || !looksEncrypted(stored)) return [name, stored]
            try {
              return [name, await decryptSecret(stored, password)]
            } catch (error) {
              throw refuse(`${name}: ${error instanceof Error ? error.message : 'cannot be decrypted'}`)
            }
          }),
      )
      return Object.fromEntries(opened)
    },

    async write(accountName, connectorName, credentials) {
      const connector = connectorOf(connectorName)
      const closed = await Promise.all(
        Object.entries(credentials).map(
          async ([name, value]): Promise<[string, string | number | boolean]> => [
            name,
            isSecret(connector, name) ? await encryptSecret(value, password) : plainValue(connector, name, value),
          ],
        ),
      )
      const body = stringify(
        { connector: connectorName, ...Object.fromEntries(closed) },
        { version: '1.1', lineWidth: 0 },
      )
      await mkdir(join(folder(accountName), 'connectors'), { recursive: true })
      await writeWhole(connectorPath(accountName, connectorName), BANNER + body)
    },

    async forget(accountName, connectorName) {
      await rm(connectorPath(accountName, connectorName), { force: true })
    },

    async create(accountName) {
      await mkdir(join(folder(accountName), 'connectors'), { recursive: true })
      for (const name of TEMPLATES) {
        await orWhenMissing(copyFile(join(folder(MASTER_ACCOUNT), name), join(folder(accountName), name)), undefined)
      }
    },

    async remove(accountName) {
      await rm(folder(accountName), { recursive: true })
    },

    async ensureMaster() {
      await mkdir(join(folder(MASTER_ACCOUNT), 'connectors'), { recursive: true })
      const verification = join(folder(MASTER_ACCOUNT), VERIFICATION_FILE)
      const stored = await orWhenMissing<string | undefined>(readFile(verification, 'utf8'), undefined)
      // Market-data keeps a file in this folder too and may have made it: the verification alone says who was here before.
      if (stored !== undefined) return false
      // No newline at the end: bots feed the whole file to a hex decoder.
      await writeWhole(verification, await encryptSecret(VERIFICATION_WORD, password))
      return true
    },

    async passwordFits() {
      const stored = await readFile(join(folder(MASTER_ACCOUNT), VERIFICATION_FILE), 'utf8')
      try {
        return (await decryptSecret(stored.trim(), password)) === VERIFICATION_WORD
      } catch {
        return false
      }
    },
  }
}
