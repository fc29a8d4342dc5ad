import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeWhole } from '@colibri/service-kit'
import {
  type ConfClientChange,
  type ConfClientRates,
  changedConfClient,
  newConfClient,
  readConfClient,
} from './conf-client.ts'

export class SettingsMissing extends Error {
  override readonly name = 'SettingsMissing'
  constructor() {
    super('Configuration file not found: credentials/master_account/conf_client.yml')
  }
}

/** Runs one piece of work at a time, over all replicas. */
export type Exclusively = <T>(work: () => Promise<T>) => Promise<T>

/** The rate oracle's settings where the contract keeps them: `bots/credentials/master_account/conf_client.yml`. */
export interface RateSettings {
  /** What the file says now; looks at it each time and reads it when it is another one. Throws `SettingsMissing`, `ConfClientUnreadable`. */
  read(): Promise<ConfClientRates>
  /** Writes the whole file anew, beside the old one and then in its place. Throws as `read` does. */
  write(change: ConfClientChange): Promise<void>
  /** Makes the file unless there is one; true when it did. */
  ensure(initial: ConfClientChange): Promise<boolean>
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

const orMissing = (error: unknown): never => {
  throw isMissing(error) ? new SettingsMissing() : error
}

/** A change of the file makes it another inode; an editor may write into the same one, but then its time or size moves. */
const identityOf = async (path: string): Promise<string> => {
  const { ino, mtimeNs, size } = await stat(path, { bigint: true }).catch(orMissing)
  return `${ino} ${mtimeNs} ${size}`
}

export const rateSettings = (home: string, exclusively: Exclusively): RateSettings => {
  const path = join(home, 'bots', 'credentials', 'master_account', 'conf_client.yml')
  let seen: { readonly identity: string; readonly settings: ConfClientRates } | undefined

  return {
    async read() {
      const identity = await identityOf(path)
      if (seen?.identity !== identity) {
        const text = await readFile(path, 'utf8').catch(orMissing)
        seen = { identity, settings: readConfClient(text) }
      }
      return seen.settings
    },

    write: (change) =>
      exclusively(async () => {
        const text = await readFile(path, 'utf8').catch(orMissing)
        const { mode } = await stat(path).catch(orMissing)
        await writeWhole(path, changedConfClient(text, change), mode & 0o777)
      }),

    ensure: (initial) =>
      exclusively(async () => {
        const isThere = await stat(path).then(
          () => true,
          (error: unknown) => (isMissing(error) ? false : Promise.reject(error)),
        )
        if (isThere) return false
        await mkdir(dirname(path), { recursive: true })
        await writeWhole(path, newConfClient(initial), 0o600)
        return true
      }),
  }
}
