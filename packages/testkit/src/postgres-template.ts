import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { postgresBinaries, startPostgres } from '@colibri/local'
import { temporaryFolder } from './temporary-folder.ts'

/** Beside what was installed: gone when it is installed anew. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache', import.meta.url))

/** Keeps modes and owners, which Postgres looks at. */
const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', `${from}/.`, to])

/** Another version of the server, or another way to make its data, makes another template. */
const key = (): string => {
  const made = readFileSync(new URL('./embedded-postgres.js', import.meta.resolve('@colibri/local')))
  return createHash('sha256').update(postgresBinaries().postgres).update(made).digest('hex').slice(0, 16)
}

/** Puts the data of a new server into an empty folder. Making it takes ten times as long, so it is made once and copied. */
export const copyPostgresTemplate = async (folder: string): Promise<void> => {
  const template = join(CACHE, `postgres-${key()}`)
  if (!existsSync(template)) await makeTemplate(template)
  await copy(template, folder)
}

/** Whole or not at all, also when several tests make it at once. */
const makeTemplate = async (template: string): Promise<void> => {
  const [folder, half] = [await temporaryFolder('postgres'), `${template}-${process.pid}`]
  try {
    await (await startPostgres({ dir: folder.path })).stop()
    await mkdir(half, { recursive: true })
    await copy(folder.path, half)
    await rename(half, template).catch((error: unknown) => {
      if (!existsSync(template)) throw error
    })
  } finally {
    await Promise.all([folder.remove(), rm(half, { recursive: true, force: true })])
  }
}
