import { setTimeout as sleep } from 'node:timers/promises'
import { inboxPrefix, instanceAnnouncement, instancesSubject, type ServiceName } from '@colibri/contracts'
import { connect } from '@nats-io/transport-node'

export interface NatsLogin {
  url: string
  user: string
  password: string
}

/**
 * Resolves once as many replicas of each service as wanted have announced themselves ready; `onReady` hears of each
 * service. Stops listening when `signal` aborts.
 */
export const servicesReady = async (
  nats: NatsLogin,
  wanted: ReadonlyMap<ServiceName, number>,
  onReady: (service: ServiceName) => void,
  signal: AbortSignal,
): Promise<void> => {
  const connection = await connect({
    servers: nats.url,
    user: nats.user,
    pass: nats.password,
    name: 'launcher',
    inboxPrefix: inboxPrefix(nats.user),
  })
  const ready = new Map([...wanted.keys()].map((service) => [service, new Set<string>()]))
  const waiting = new Set(wanted.keys())
  connection.subscribe(instancesSubject('*'), {
    callback: (error, message) => {
      if (error !== null) return
      const parsed = instanceAnnouncement.safeParse(parseJson(message.string()))
      if (!parsed.success) return
      const { service, instanceId, state } = parsed.data
      if (state === 'ready') ready.get(service)?.add(instanceId)
      else ready.get(service)?.delete(instanceId)
      if (waiting.has(service) && (ready.get(service)?.size ?? 0) >= (wanted.get(service) ?? 1)) {
        waiting.delete(service)
        onReady(service)
      }
    },
  })
  try {
    while (waiting.size > 0 && !signal.aborted) {
      connection.publish('instances.query')
      await sleep(100, null, { signal }).catch(() => undefined)
    }
  } finally {
    await connection.close()
  }
}

/** Resolves once `url` answers 200, or `signal` aborts. */
export const answers = async (url: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const status = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) }).then(
      async (response) => {
        await response.body?.cancel()
        return response.status
      },
      () => 0,
    )
    if (status === 200) return
    await sleep(50, null, { signal }).catch(() => undefined)
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
