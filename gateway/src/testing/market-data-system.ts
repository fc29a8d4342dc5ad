import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  EDGE_TOKEN,
  plainNode,
  type Replica,
  type ReplicaScope,
  serviceReplicas,
  testSimulator,
} from '@colibri/testkit'
import { ask, until } from './http.ts'

const edgeMain = fileURLToPath(new URL('../main.js', import.meta.url))
const serviceMain = new URL('../../../services/market-data/dist/main.js', import.meta.url)

export interface MarketDataSystem {
  readonly edgeUrl: string
  readonly tradesUrl: string
  /** Starts a replica and resolves when the edge knows that `ready` of them are ready. */
  startReplica(name: string, ready: number): Promise<Replica>
}

/** The edge and replicas of market-data as processes, with Postgres, NATS and the exchange simulator. */
export const marketDataSystem = async (
  t: ReplicaScope,
  env: Readonly<Record<string, string>> = {},
): Promise<MarketDataSystem> => {
  const simulator = await testSimulator(t)
  const { server, start } = await serviceReplicas(t, {
    service: 'market-data',
    entry: serviceMain,
    env: { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl, ...env },
  })

  const edge = spawn(...plainNode(edgeMain), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      EDGE_TOKEN,
      GATEWAY_PORT: '0',
      NATS_URL: server.url,
      NATS_USER: server.options.user,
      NATS_PASSWORD: server.options.pass,
      PARENT_PID: String(process.pid),
    },
  })
  const exited = once(edge, 'exit')
  t.teardown(async () => {
    edge.kill('SIGKILL')
    await exited
  })
  let output = ''
  edge.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await until('the edge listens', () => output.includes('the edge listens'))
  const edgeUrl = /"url":"(http:[^"]+)"/.exec(output)?.[1] ?? ''

  const readyReplicas = async (): Promise<number> => {
    const answer = (await ask(edgeUrl, { path: '/health/ready' })).json()
    return (answer as { services: Record<string, { ready: number }> }).services['market-data']?.ready ?? 0
  }
  return {
    edgeUrl,
    tradesUrl: `${simulator.controlUrl}/trade`,
    startReplica: async (name, ready) => {
      const replica = await start(name)
      await until(`${ready} ready replicas`, async () => (await readyReplicas()) === ready)
      return replica
    },
  }
}

/** The sum of a series of the edge or of a replica. */
export const metric = async (url: string, series: string): Promise<number> => {
  const { text } = await ask(url, { path: '/metrics' })
  const [name = '', label = ''] = series.split(/[{}]/)
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
