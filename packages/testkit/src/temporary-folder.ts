import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forgetFolder, guardFolder } from '@colibri/local'

/** What the parts need of a tap test. */
export interface TearsDown {
  teardown(clean: () => Promise<void>): void
}

/** A new folder, removed by `remove` or, should the test process die, by its guard. */
export const temporaryFolder = async (name: string): Promise<{ path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), `colibri-${name}-`))
  guardFolder(path)
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true })
      forgetFolder(path)
    },
  }
}
