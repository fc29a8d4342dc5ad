import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openVenues } from '@colibri/exchange'
import { type Simulator, startSimulator } from '@colibri/exchange-simulator'
import {
  edgeHeaders,
  plainNode,
  serviceEnvironment,
  type TearsDown,
  temporaryFolder,
  testNats,
  testPostgres,
} from '@colibri/testkit'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'

export interface Reply {
  readonly status: number
  readonly body: unknown
}

export interface TradingProcess {
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  get(path: string): Promise<Reply>
  put(path: string, body: unknown): Promise<Reply>
  del(path: string): Promise<Reply>
  /** Resolves with the signal or code the process ended with. */
  readonly ended: Promise<unknown>
  readonly pid: number | undefined
  kill(): Promise<void>
}

const ledgerSchema = z.object({
  requests: z.array(z.object({ clientOrderId: z.string(), count: z.number(), accepted: z.number() })),
  orders: z.array(
    z.object({
      clientOrderId: z.string(),
      orderId: z.number(),
      status: z.string(),
      side: z.string(),
      executed: z.string(),
      fills: z.array(
        z.object({
          tradeId: z.number(),
          price: z.string(),
          quantity: z.string(),
          fee: z.string(),
          feeAsset: z.string(),
          time: z.number(),
        }),
      ),
    }),
  ),
})
export type Ledger = z.infer<typeof ledgerSchema>

/** A trading process that need not get ready. */
export interface LaunchedProcess {
  readonly ready: Promise<TradingProcess>
  /** Resolves with the first line of its log that holds the text. */
  says(text: string): Promise<string>
  readonly ended: Promise<unknown>
  /** Asks it to stop. */
  stop(): void
}

export interface TestBed {
  readonly simulator: Simulator
  /** `COLIBRI_HOME` of the processes. */
  readonly home: string
  readonly databaseUrl: string
  /** With every right. */
  readonly nats: NatsConnection
  launch(extra?: Readonly<Record<string, string>>): LaunchedProcess
  start(extra?: Readonly<Record<string, string>>): Promise<TradingProcess>
  control(path: string, body: unknown): Promise<void>
  ledger(): Promise<Ledger>
  /** Calls `rpc.trading.<operation>` as another service would. */
  rpc(operation: string, request: unknown): Promise<unknown>
}

const main = fileURLToPath(new URL('./main.js', import.meta.url))

const simulators = ['simulator', 'simulator_perpetual'] as const

/**
 * The trading service as its own process, on a real Postgres, a real NATS and the exchange simulator. Of connectors that are
 * not `known`, market-data has no rules and no prices.
 */
export const testBed = async (
  t: TearsDown,
  { known = simulators }: { readonly known?: readonly (typeof simulators)[number][] } = {},
): Promise<TestBed> => {
  const [postgres, nats, home, simulator] = await Promise.all([
    testPostgres(t),
    testNats(t),
    temporaryFolder('trading-home'),
    startSimulator({ apiKey: 'test-key', apiSecret: 'test-secret' }),
  ])
  t.teardown(() => home.remove())
  t.teardown(() => simulator.close())

  // Market-data's side of the wire, told by the venue itself.
  const simulatorUrls = { rest: simulator.restUrl, ws: simulator.wsUrl }
  const venues = openVenues({ urls: { simulator: simulatorUrls, simulator_perpetual: simulatorUrls } })
  t.teardown(() => venues.close())
  const connection = await connect(nats.options)
  t.teardown(() => connection.close())
  connection.subscribe('rpc.market-data.*', {
    callback: (_error, message) => {
      const answer = async (): Promise<unknown> => {
        const request = z
          .object({
            connectorName: z.enum(known),
            tradingPairs: z.array(z.string()).default([]),
          })
          .safeParse(message.json())
        if (!request.success) return { error: { kind: 'not-found', message: 'no such connector' } }
        const venue = venues.publicVenue(request.data.connectorName)
        if (message.subject.endsWith('.trading-rules')) {
          return { rules: await venue.tradingRules(), orderTypes: venue.orderTypes }
        }
        const prices = await venue.prices(request.data.tradingPairs)
        return { prices: Object.fromEntries(prices), time: Date.now() }
      }
      answer().then(
        (reply) => message.respond(JSON.stringify(reply)),
        () => message.respond(JSON.stringify({ error: { kind: 'unavailable', message: 'venue' } })),
      )
    },
  })

  const running = new Set<ChildProcess>()
  t.teardown(async () => {
    await Promise.all([...running].map((child) => end(child)))
  })
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  const launch = (extra: Readonly<Record<string, string>> = {}): LaunchedProcess => {
    const child = spawn(...plainNode('--enable-source-maps', main), {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH ?? '',
        NODE_ENV: 'test',
        ...serviceEnvironment({ postgres, nats, home: home.path }),
        LOG_LEVEL: 'info',
        PARENT_PID: String(process.pid),
        CONFIG_PASSWORD: 'test',
        SIMULATOR_REST_URL: simulator.restUrl,
        SIMULATOR_WS_URL: simulator.wsUrl,
        SIMULATOR_API_KEY: 'test-key',
        SIMULATOR_API_SECRET: 'test-secret',
        ...extra,
      },
    })
    running.add(child)
    const ended = once(child, 'exit').then(([code, signal]) => signal ?? code)
    const lines: string[] = []
    const heard = new EventEmitter()
    const url = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line)
        heard.emit('line')
        const entry = z.object({ message: z.literal('ready'), url: z.string() }).safeParse(jsonOf(line))
        if (entry.success) resolve(entry.data.url)
        else if (process.env.SHOW_LOGS !== undefined) console.error(line)
      })
      ended.then((how) => reject(new Error(`trading ended with ${how}:\n${lines.join('\n')}`)), reject)
    })
    const send = async (
      method: string,
      path: string,
      body?: unknown,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const response = await fetch(`${await url}${path}`, {
        method,
        headers: {
          ...edgeHeaders,
          'x-colibri-actor': 'user:test',
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      return { status: response.status, body: jsonOf(await response.text()) }
    }
    const trading: TradingProcess = {
      post: (path, body, headers) => send('POST', path, body, headers),
      get: (path) => send('GET', path),
      put: (path, body) => send('PUT', path, body),
      del: (path) => send('DELETE', path),
      ended,
      pid: child.pid,
      kill: () => end(child),
    }
    const ready = url.then(() => trading)
    // One that is only launched may end before anybody waits for it.
    ready.catch(() => undefined)
    return {
      ready,
      ended,
      stop: () => child.kill('SIGTERM'),
      says: async (text) => {
        for (;;) {
          const found = lines.find((line) => line.includes(text))
          if (found !== undefined) return found
          const what = await Promise.race([once(heard, 'line'), ended.then(() => 'ended' as const)])
          if (what === 'ended' && !lines.some((line) => line.includes(text))) {
            throw new Error(`it never said ${text}:\n${lines.join('\n')}`)
          }
        }
      },
    }
  }

  return {
    simulator,
    home: home.path,

    start: (extra) => launch(extra).ready,
    launch,
    databaseUrl: postgres.url,
    nats: connection,

    async control(path, body) {
      const response = await fetch(`${simulator.controlUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    },

    async ledger() {
      const response = await fetch(`${simulator.controlUrl}/ledger`)
      return ledgerSchema.parse(await response.json())
    },

    async rpc(operation, request) {
      const reply = await connection.request(`rpc.trading.${operation}`, JSON.stringify(request), { timeout: 15_000 })
      return reply.json()
    },
  }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Polls until the check holds; rejects with the last answer when it does not in time. */
export const eventually = async <T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(answer)}`)
    await sleep(50)
  }
}
