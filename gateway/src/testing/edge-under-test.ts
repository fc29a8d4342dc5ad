import { type TearsDown, type TestNats, testNats } from '@colibri/testkit'
import { pino } from 'pino'
import { readConfig } from '../config.ts'
import { type Edge, startEdge } from '../edge.ts'
import { ask, until } from './http.ts'

export interface EdgeUnderTest extends Edge {
  readonly nats: TestNats
  /** Resolves when the service has this many ready replicas. */
  ready(service: string, count: number): Promise<void>
}

export const EDGE_TOKEN = 'token-of-this-test'

interface ReadyReport {
  services: Record<string, { ready: number }>
}

/** An edge on a free port with a NATS of its own; both are gone when the test ends. */
export const edgeUnderTest = async (t: TearsDown, env: Record<string, string> = {}): Promise<EdgeUnderTest> => {
  const nats = await testNats(t)
  const config = readConfig({
    GATEWAY_PORT: '0',
    EDGE_TOKEN,
    NATS_URL: nats.url,
    NATS_USER: nats.options.user,
    NATS_PASSWORD: nats.options.pass,
    ...env,
  })
  const edge = await startEdge(config, pino({ level: 'silent' }))
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= edge.stop()
    return stopped
  }
  t.teardown(stop)
  const ready = (service: string, count: number): Promise<void> =>
    until(`${count} ready replicas of ${service}`, async () => {
      const report = (await ask(edge.url, { path: '/health/ready' })).json() as ReadyReport
      return report.services[service]?.ready === count
    })
  await until('the edge hears NATS', async () => {
    const report = (await ask(edge.url, { path: '/health/ready' })).json() as { nats: string }
    return report.nats === 'connected'
  })
  return { url: edge.url, stop, nats, ready }
}
