import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject } from '@colibri/contracts'
import { plainNode, type TearsDown, testNats, testPostgres, testSimulator } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import { ask, until } from './http.ts'

const EDGE_TOKEN = 'token-of-the-test'
const edgeMain = fileURLToPath(new URL('../main.js', import.meta.url))
const serviceMain = fileURLToPath(new URL('../../../services/market-data/dist/main.js', import.meta.url))

export interface MarketDataSystem {
  readonly edgeUrl: string
  readonly tradesUrl: string
  /** Starts a replica and resolves when the edge knows that `ready` of them are ready. */
  startReplica(name: string, ready: number): Promise<ChildProcess>
  /** The sum of a series of the edge. */
  edgeMetric(series: string): Promise<number>
  /** The same of a replica. */
  replicaMetric(name: string, series: string): Promise<number>
}

/** The edge and replicas of market-data as processes, with Postgres, NATS and the exchange simulator. */
export const marketDataSystem = async (
  t: TearsDown,
  env: Readonly<Record<string, string>> = {},
): Promise<MarketDataSystem> => {
  const [postgres, nats, simulator] = await Promise.all([testPostgres(t), testNats(t), testSimulator(t)])
  const home = await mkdtemp(join(tmpdir(), 'colibri-home-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const shared = {
    EDGE_TOKEN,
    NATS_URL: nats.url,
    NATS_USER: nats.options.user,
    NATS_PASSWORD: nats.options.pass,
    PARENT_PID: String(process.pid),
  }

  const connection = await connect(nats.options)
  t.teardown(() => connection.close())
  const urls = new Map<string, string>()
  connection.subscribe(instancesSubject('market-data'), {
    callback: (_, message) => {
      const { instanceId, url } = instanceAnnouncement.parse(message.json())
      urls.set(instanceId, url)
    },
  })
  await connection.flush()

  const run = (main: string, own: Readonly<Record<string, string>>): { child: ChildProcess; output: () => string } => {
    const child = spawn(...plainNode(main), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...shared, ...own } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    t.teardown(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    })
    return { child, output: () => output }
  }

  const edge = run(edgeMain, { GATEWAY_PORT: '0' })
  await until('the edge listens', () => edge.output().includes('the edge listens'))
  const edgeUrl = /"url":"(http:[^"]+)"/.exec(edge.output())?.[1] ?? ''

  const readyReplicas = async (): Promise<number> => {
    const answer = (await ask(edgeUrl, { path: '/health/ready' })).json()
    return (answer as { services: Record<string, { ready: number }> }).services['market-data']?.ready ?? 0
  }
  return {
    edgeUrl,
    tradesUrl: `${simulator.controlUrl}/trade`,
    startReplica: async (name, ready) => {
      const { child, output } = run(serviceMain, {
        DATABASE_URL: postgres.url,
        COLIBRI_HOME: home,
        INSTANCE_ID: name,
        LOG_LEVEL: 'warn',
        SIMULATOR_REST_URL: simulator.restUrl,
        SIMULATOR_WS_URL: simulator.wsUrl,
        ...env,
      })
      await until(
        `${ready} ready replicas`,
        async () => child.exitCode !== null || (await readyReplicas()) === ready,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; ${name} said: ${output()}`)
      })
      if (child.exitCode !== null) throw new Error(`${name} ended before it was ready: ${output()}`)
      return child
    },
    edgeMetric: (series) => metric(edgeUrl, series),
    replicaMetric: (name, series) => metric(urls.get(name) ?? '', series),
  }
}

const metric = async (url: string, series: string): Promise<number> => {
  const { text } = await ask(url, { path: '/metrics' })
  const [name = '', label = ''] = series.split(/[{}]/)
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
