import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type InstanceAnnouncement, instancesSubject, type ServiceName } from '@colibri/contracts'
import type { TearsDown, TestNats } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A small real service: serves HTTP and announces itself as replicas do. */
export interface Peer {
  readonly instanceId: string
  readonly url: string
  readonly server: Server
  readonly received: Received[]
  announce(state: InstanceAnnouncement['state']): void
  /** Stops announcing; still serves. */
  fallSilent(): void
  /** Stops listening and drops every connection; still announces. */
  stopListening(): Promise<void>
}

export type Handler = (req: Received, res: ServerResponse, raw: IncomingMessage) => void

const read = async (req: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const answerOk: Handler = (req, res) => {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ url: req.url }))
}

/** Starts a replica of `service` on loopback; it is gone when the test ends. */
export const startPeer = async (
  t: TearsDown,
  nats: TestNats,
  service: ServiceName,
  handler: Handler = answerOk,
  openApi: unknown = { openapi: '3.1.0', paths: {} },
): Promise<Peer> => {
  const received: Received[] = []
  const server = createServer((req, res) => {
    if (req.url === '/openapi.json') {
      res.end(JSON.stringify(openApi))
      return
    }
    const whole = read(req)
    whole.then(
      (body) => {
        const seen: Received = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body }
        received.push(seen)
        handler(seen, res, req)
      },
      () => res.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const instanceId = randomUUID()
  const nc = await connect({ ...nats.options, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  let state: InstanceAnnouncement['state'] = 'ready'
  let voice: 'speaking' | 'silent' = 'speaking'
  const speak = (): void => {
    if (voice === 'silent') return
    const announcement: InstanceAnnouncement = { service, instanceId, url, state }
    nc.publish(instancesSubject(service), JSON.stringify(announcement))
  }
  nc.subscribe(instancesSubject('query'), { callback: speak })
  const timer = setInterval(speak, 1000)
  speak()
  const stopListening = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  t.teardown(async () => {
    clearInterval(timer)
    await nc.close()
    await stopListening()
  })
  return {
    instanceId,
    url,
    server,
    received,
    announce: (next) => {
      state = next
      speak()
    },
    fallSilent: () => {
      voice = 'silent'
    },
    stopListening,
  }
}
