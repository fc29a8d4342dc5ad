import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { freePort, portIsFree } from './free-port.ts'

const schema = z.object({ nats: z.number(), mqtt: z.number(), postgres: z.number(), simulator: z.number() })
/** The loopback ports of a run. They stay while it runs, so that clients find a restarted server again. */
export type Ports = z.infer<typeof schema>
const NAMES = schema.keyof().options

/**
 * The ports of the run before, for subscribers that remember them; another for each that is taken. No two are the same,
 * and none is one of those that are spoken for.
 */
export const choosePorts = async (home: string, spokenFor: readonly number[] = []): Promise<Ports> => {
  const path = join(home, 'ports.json')
  const before = read(path)
  const chosen: Partial<Ports> = {}
  for (const name of NAMES) {
    const others = [...spokenFor, ...Object.values(chosen)]
    const port = before?.[name]
    const again = port !== undefined && !others.includes(port) && (await portIsFree(port))
    chosen[name] = again ? port : await freePort([...others, ...Object.values(before ?? {})])
  }
  const ports = schema.parse(chosen)
  writeFileSync(path, `${JSON.stringify(ports)}\n`, { mode: 0o600 })
  return ports
}

const read = (path: string): Ports | null => {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}
