import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connector, type Credentials, connectorOf } from '@colibri/exchange'
import { writeWhole } from '@colibri/service-kit'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { looksEncrypted, type SecretBox } from './key-file.ts'

export const MASTER_ACCOUNT = 'master_account'
const VERIFICATION_FILE = '.password_verification'
const VERIFICATION_WORD = 'HummingBot'
/** What a new account takes over from the master account. */
const TEMPLATES = ['conf_client.yml', 'conf_fee_overrides.yml', 'hummingbot_logs.yml', VERIFICATION_FILE]
const BANNER =
  '#####################################\n###   configuration of a connector   ###\n#####################################\n\n'

/** File systems take names of 255 bytes; something is added to these. */
export const LONGEST_NAME = 128
export const isPathName = (name: string): boolean => name.length <= LONGEST_NAME && /^[A-Za-z0-9_-]+$/.test(name)

/** Where an account's credentials belong there is no folder, or a link to another place. */
export class NoCredentialsFolder extends Error {
  override readonly name = 'NoCredentialsFolder'
  constructor(accountName: string) {
    super(`Directory 'credentials/${accountName}/connectors' not found`)
  }
}

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
  /** Whole or not at all. Throws `NoCredentialsFolder`. */
  write(accountName: string, connectorName: string, credentials: Credentials): Promise<void>
  /** The file byte for byte, to be put back; undefined when there is none. */
  stored(accountName: string, connectorName: string): Promise<Buffer | undefined>
  putBack(accountName: string, connectorName: string, stored: Buffer | undefined): Promise<void>
  /** Forgets what is stored for a connector. */
  forget(accountName: string, connectorName: string): Promise<'forgotten' | 'nothing'>
  /** Whole or not at all. */
  create(accountName: string): Promise<'created' | 'exists'>
  remove(accountName: string): Promise<void>
  /** Makes the master account when it is missing; true when it did. */
  ensureMaster(): Promise<boolean>
  /** False when the stored verification was written under another password. */
  passwordFits(): Promise<boolean>
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(String(codeOf(error)))

/** A folder on its way in or out. Nobody sees it: no account's name begins with a dot. */
const PASSING = /^\.[0-9a-f-]{36}\.tmp$/

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

export const accountFiles = (home: string, box: SecretBox): AccountFiles => {
  const root = join(home, 'bots', 'credentials')
  const folder = (accountName: string): string => join(root, accountName)
  const passing = (): string => join(root, `.${randomUUID()}.tmp`)

  /** The account's own folder of credentials; undefined when it is missing, or leads out of the root. */
  const connectorsFolder = async (accountName: string): Promise<string | undefined> => {
    if (!isPathName(accountName)) return undefined
    const [inside, path] = await orWhenMissing<readonly (string | undefined)[]>(
      Promise.all([realpath(root), realpath(join(folder(accountName), 'connectors'))]),
      [undefined, undefined],
    )
    return inside !== undefined && path === join(inside, accountName, 'connectors') ? path : undefined
  }
  const connectorPath = async (accountName: string, connectorName: string): Promise<string> => {
    const path = await connectorsFolder(accountName)
    if (path === undefined || !isPathName(connectorName)) throw new NoCredentialsFolder(accountName)
    return join(path, `${connectorName}.yml`)
  }

  /** Undefined when there is none. A link is not followed. */
  const stored = async (accountName: string, connectorName: string): Promise<Buffer | undefined> => {
    const path = await connectorsFolder(accountName)
    if (path === undefined || !isPathName(connectorName)) return undefined
    try {
      const file = await open(join(path, `${connectorName}.yml`), constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      if (codeOf(error) !== 'ELOOP') throw error
      throw new CredentialsUnreadable(`credentials of ${accountName} for ${connectorName}: the file is a link`)
    }
  }

  const copyTemplate = async (name: string, target: string): Promise<void> => {
    const source = join(folder(MASTER_ACCOUNT), name)
    if ((await lstat(source)).isFile()) await copyFile(source, join(target, name))
  }

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
      const path = await connectorsFolder(accountName)
      const entries = path === undefined ? [] : await orWhenMissing(readdir(path, { withFileTypes: true }), [])
      return entries
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.yml') && !name.startsWith('.') && !name.startsWith('_'))
        .map((name) => name.slice(0, -'.yml'.length))
        .sort()
    },

    async read(accountName, connectorName) {
      const text = (await stored(accountName, connectorName))?.toString('utf8')
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
              return [name, await box.open(stored)]
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
            isSecret(connector, name) ? await box.seal(value) : plainValue(connector, name, value),
          ],
        ),
      )
      const body = stringify(
        { connector: connectorName, ...Object.fromEntries(closed) },
        { version: '1.1', lineWidth: 0 },
      )
      await writeWhole(await connectorPath(accountName, connectorName), BANNER + body)
    },

    async forget(accountName, connectorName) {
      const path = await connectorsFolder(accountName)
      if (path === undefined || !isPathName(connectorName)) return 'nothing'
      try {
        await rm(join(path, `${connectorName}.yml`))
        return 'forgotten'
      } catch (error) {
        if (isMissing(error)) return 'nothing'
        throw error
      }
    },

    stored,

    async putBack(accountName, connectorName, before) {
      const path = await connectorPath(accountName, connectorName)
      if (before === undefined) await rm(path, { force: true })
      else await writeWhole(path, before)
    },

    async create(accountName) {
      const path = passing()
      try {
        await mkdir(join(path, 'connectors'), { recursive: true })
        for (const name of TEMPLATES) await orWhenMissing(copyTemplate(name, path), undefined)
        await rename(path, folder(accountName))
        return 'created'
      } catch (error) {
        await rm(path, { recursive: true, force: true })
        if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') return 'exists'
        throw error
      }
    },

    async remove(accountName) {
      const path = passing()
      await rename(folder(accountName), path)
      await rm(path, { recursive: true })
    },

    async ensureMaster() {
      await mkdir(join(folder(MASTER_ACCOUNT), 'connectors'), { recursive: true })
      // What a process that died left on its way in or out.
      const left = (await readdir(root)).filter((name) => PASSING.test(name))
      await Promise.all(left.map((name) => rm(join(root, name), { recursive: true, force: true })))
      const verification = join(folder(MASTER_ACCOUNT), VERIFICATION_FILE)
      const stored = await orWhenMissing<string | undefined>(readFile(verification, 'utf8'), undefined)
      // Market-data keeps a file in this folder too and may have made it: the verification alone says who was here before.
      if (stored !== undefined) return false
      // No newline at the end: bots feed the whole file to a hex decoder.
      await writeWhole(verification, await box.seal(VERIFICATION_WORD))
      return true
    },

    async passwordFits() {
      const word = (await readFile(join(folder(MASTER_ACCOUNT), VERIFICATION_FILE), 'utf8')).trim()
      try {
        return (await box.open(word)) === VERIFICATION_WORD
      } catch {
        return false
      }
    },
  }
}
