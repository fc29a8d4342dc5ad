import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { freePort, portIsFree } from './free-port.ts'

const schema = z.object({ nats: z.number(), mqtt: z.number(), postgres: z.number(), simulator: z.number() })
/** The loopback ports of a run. They stay while it runs, so that clients find a restarted server again. */
export type Ports = z.infer<typeof schema>

/** The ports of the run before, for subscribers that remember them; a free one for each that somebody else took. */
export const choosePorts = async (home: string): Promise<Ports> => {
  const path = join(home, 'ports.json')
  const before = read(path)
  const chosen: Record<string, number> = {}
  for (const name of Object.keys(schema.shape) as (keyof Ports)[]) {
    const port = before?.[name]
    chosen[name] = port !== undefined && (await portIsFree(port)) ? port : await freePort()
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
