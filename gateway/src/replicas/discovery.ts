import { inboxPrefix, instanceAnnouncement, instancesSubject } from '@colibri/contracts'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { EdgeConfig } from '../config.ts'
import { type Replicas, TICK_MS } from './replicas.ts'

export interface Discovery {
  connected(): boolean
  stop(): Promise<void>
}

const RETRY_MS = 250
const querySubject = instancesSubject('query')

/**
 * Keeps the replicas up to date from what they announce. While NATS is away nobody can be heard, so nobody is forgotten:
 * the last known replicas stay, and those that refuse a connection go.
 */
export const startDiscovery = (config: EdgeConfig['nats'], replicas: Replicas, logger: Logger): Discovery => {
  let connection: NatsConnection | undefined
  let state: 'connected' | 'away' | 'stopped' = 'away'
  const stopped = (): boolean => state === 'stopped'
  let complaint: 'due' | 'made' = 'due'

  const hear = (text: string): void => {
    const parsed = instanceAnnouncement.safeParse(parseJson(text))
    if (parsed.success && URL.canParse(parsed.data.url)) replicas.announced(parsed.data)
    else logger.warn({ text: text.slice(0, 200) }, 'announcement of an instance cannot be read')
  }

  const run = async (): Promise<void> => {
    const nc = await connect({
      servers: config.url,
      ...(config.user === undefined ? {} : { user: config.user, inboxPrefix: inboxPrefix(config.user) }),
      ...(config.password === undefined ? {} : { pass: config.password }),
      name: 'gateway',
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 100,
      timeout: 2_000,
      pingInterval: 5_000,
    })
    if (stopped()) {
      await nc.close()
      return
    }
    connection = nc
    nc.subscribe('instances.>', {
      callback: (error, message) => {
        if (error !== null) logger.error({ err: error }, 'instances cannot be followed')
        else if (message.subject !== querySubject) hear(message.string())
      },
    })
    nc.publish(querySubject)
    state = 'connected'
    logger.info('connected to NATS')
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') {
        state = 'away'
        logger.warn('NATS is away; the last known replicas stay')
      } else if (status.type === 'reconnect') {
        replicas.forgive()
        nc.publish(querySubject)
        state = 'connected'
        logger.info('connected to NATS again')
      }
    }
  }

  const keepRunning = async (): Promise<void> => {
    while (!stopped()) {
      try {
        await run()
      } catch (error) {
        if (complaint === 'due')
          logger.error({ reason: String(error) }, 'NATS cannot be reached; trying again until it can')
        complaint = 'made'
      }
      if (connection !== undefined) complaint = 'due'
      connection = undefined
      if (!stopped()) {
        state = 'away'
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  const following = keepRunning()
  const ticker = setInterval(() => {
    if (state === 'connected') replicas.tick()
  }, TICK_MS)

  return {
    connected: () => state === 'connected',
    stop: async () => {
      state = 'stopped'
      clearInterval(ticker)
      await connection?.close()
      await following
    },
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
