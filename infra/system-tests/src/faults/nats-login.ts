import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inboxPrefix } from '@colibri/contracts'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import type { Colibri } from '../colibri.ts'

const secretsFile = z.object({ nats: z.record(z.string(), z.string()) })

/** A connection as one of the system's NATS users, kept through restarts of the server. */
export const natsAs = async (colibri: Colibri, user: 'subscriber' | 'trading'): Promise<NatsConnection> => {
  const { nats } = secretsFile.parse(JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')))
  const { urls } = await colibri.run()
  return connect({
    servers: urls.nats ?? '',
    user,
    pass: nats[user] ?? '',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    ...(user === 'subscriber' ? {} : { inboxPrefix: inboxPrefix(user) }),
  })
}
