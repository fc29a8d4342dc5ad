import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Colibri } from '@colibri/system-tests'
import { connect } from '@nats-io/transport-node'
import { z } from 'zod'

const secretsFile = z.object({ edgeToken: z.string(), nats: z.record(z.string(), z.string()) })
const announcement = z.object({ url: z.string() })

/** Where a replica of a service listens, by its own announcement, and the token it asks for. */
export const replicaOf = async (colibri: Colibri, service: string): Promise<{ url: string; edgeToken: string }> => {
  const { edgeToken, nats } = secretsFile.parse(JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')))
  const { urls } = await colibri.run()
  const connection = await connect({ servers: urls.nats ?? '', user: 'launcher', pass: nats.launcher ?? '' })
  try {
    for await (const message of connection.subscribe(`instances.${service}`, { max: 1, timeout: 5_000 }))
      return { url: announcement.parse(message.json()).url, edgeToken }
    throw new Error(`no replica of ${service} announced itself`)
  } finally {
    await connection.close()
  }
}
