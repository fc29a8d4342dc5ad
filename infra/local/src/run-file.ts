import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({
  /** The launcher itself. */
  pid: z.number(),
  /** The edge's address. */
  url: z.string(),
  /** Of `edge`, `nats`, `mqtt`, `postgres` (with its password) and `simulator`. */
  urls: z.record(z.string(), z.string()),
  processes: z.array(z.object({ name: z.string(), pid: z.number(), identity: z.string().nullable() })),
})
/** Everything that runs, in `<home>/run.json` (mode 0600: it holds the database password) while it runs. */
export type Run = z.infer<typeof schema>

const pathOf = (home: string): string => join(home, 'run.json')

export const writeRun = (home: string, run: Run): void => {
  const path = pathOf(home)
  writeFileSync(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Null when nothing runs, or the file is not ours. */
export const readRun = (home: string): Run | null => {
  try {
    return schema.parse(JSON.parse(readFileSync(pathOf(home), 'utf8')))
  } catch {
    return null
  }
}

export const removeRun = (home: string): void => rmSync(pathOf(home), { force: true })
