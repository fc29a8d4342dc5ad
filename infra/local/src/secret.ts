import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { systemErrorCode } from './launch-error.ts'

/** 192 random bits as URL-safe text. */
export const newSecret = (): string => randomBytes(24).toString('base64url')

/** The secret kept in `path` (mode 0600), generated there the first time. */
export const keptSecret = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
  const secret = newSecret()
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}
