import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Writes a file that is never seen half written, whatever dies meanwhile. Bots load every file of a folder that does not
 * begin with a dot, so the unfinished one does.
 */
export const writeWhole = async (path: string, content: string | Buffer, mode = 0o600): Promise<void> => {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
