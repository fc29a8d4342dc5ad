import { inboxPrefix } from '@colibri/contracts'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { BootError, waitFor, within } from './wait-for.ts'

export interface MessagingOptions {
  readonly url: string
  readonly user: string | undefined
  readonly password: string | undefined
  readonly name: string
  readonly logger: Logger
  readonly bootMs: number
}

export interface Messaging {
  readonly connection: NatsConnection
  connected(): boolean
  close(): Promise<void>
}

const oldest = [2, 12] as const

/** Connects at boot or fails with one sentence; afterwards it reconnects for ever, backing off to two seconds. */
export const openMessaging = async (options: MessagingOptions): Promise<Messaging> => {
  const { logger } = options
  let attempts = 0
  const settings: ConnectionOptions = {
    servers: options.url.split(','),
    name: options.name,
    timeout: 2_000,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => Math.min(50 * 2 ** attempts++, 2_000),
    pingInterval: 2_000,
    maxPingOut: 2,
    ...(options.user === undefined ? {} : { user: options.user, inboxPrefix: inboxPrefix(options.user) }),
    ...(options.password === undefined ? {} : { pass: options.password }),
  }
  const connection = await waitFor('NATS (NATS_URL)', options.bootMs, () => connect(settings).catch(refuseLogin))
  const version = connection.info?.version ?? 'unknown'
  if (!recent(version)) {
    await connection.close()
    throw new BootError(`NATS server ${version} is too old, ${oldest.join('.')} or newer is needed`)
  }

  let connected = true
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        connected = false
        logger.warn('NATS connection lost')
      } else if (status.type === 'reconnect') {
        connected = true
        attempts = 0
        logger.info('NATS connection is back')
      } else if (status.type === 'error') logger.error({ err: status.error }, 'NATS error')
    }
  }
  watch().catch((error: unknown) => logger.error({ err: error }, 'NATS status ended'))

  return {
    connection,
    connected: () => connected && !connection.isClosed(),
    close: async () => {
      // A drain waits for the server; one that is gone would keep the process.
      if (connected) await within('NATS drain', 2_000, connection.drain()).catch(() => connection.close())
      else await connection.close()
    },
  }
}

/** Wrong credentials do not get right by waiting. */
const refuseLogin = (error: unknown): never => {
  if (error instanceof Error && error.name === 'AuthorizationError') {
    throw new BootError('NATS refused the login: check NATS_USER and NATS_PASSWORD', { cause: error })
  }
  throw error
}

const recent = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}
