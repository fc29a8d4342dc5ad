import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What a file, folder or link is: links are not followed. */
const described = async (path: string): Promise<string | undefined> => {
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) return undefined
  if (stat.isSymbolicLink()) return `link to ${await readlink(path)}`
  if (stat.isDirectory()) return 'folder'
  return `file ${stat.mode & 0o777} ${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`
}

/** Everything below a folder with the hash of its content, but for what is left out by its path from there. */
export const treeOf = async (root: string, leftOut: readonly string[] = []): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  const walk = async (relative: string): Promise<void> => {
    const entries = await readdir(join(root, relative), { withFileTypes: true })
    for (const { name } of entries) {
      const path = join(relative, name)
      if (leftOut.includes(path)) continue
      const what = await described(join(root, path))
      if (what === undefined) continue
      found.set(path, what)
      if (what === 'folder') await walk(path)
    }
  }
  await walk('')
  return found
}

/** What differs between two looks at one folder. */
export const changes = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'absent'} → ${after.get(path) ?? 'absent'}`)
