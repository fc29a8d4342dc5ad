import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { freePort } from '../free-port.ts'
import { processIdentity } from '../process-identity.ts'
import type { Run } from '../run-file.ts'

const natsModule = pathToFileURL(createRequire(import.meta.url).resolve('@nats-io/transport-node')).href
const start = new URL('../start.js', import.meta.url).href

/** The smallest service: announces itself on NATS, obeys SIGTERM, and fails when a file `broken` lies beside it. */
const SERVICE = (name: string) => `
import { existsSync } from 'node:fs'
import { connect } from ${JSON.stringify(natsModule)}
if (existsSync(new URL('broken', import.meta.url))) { console.error('the widget is broken'); process.exit(1) }
console.log(JSON.stringify({ level: 'info', msg: 'hello', user: process.env.NATS_USER }))
const nats = await connect({ servers: process.env.NATS_URL, user: process.env.NATS_USER, pass: process.env.NATS_PASSWORD, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
const announce = () => nats.publish('instances.${name}', JSON.stringify({ service: '${name}', instanceId: String(process.pid), url: 'http://127.0.0.1:1', state: 'ready' }))
nats.subscribe('instances.query', { callback: announce })
announce()
process.on('SIGTERM', () => process.exit(0))
`

const SERVER = (port: string) => `
import { createServer } from 'node:http'
createServer((request, response) => response.end('{}')).listen(Number(process.env.${port}), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
`

/** A folder laid out as the repository, with fakes in place of the services, the simulator and the edge. */
export const fakeRepository = async (folder: string, services: readonly string[]): Promise<string> => {
  const entries: [string, string][] = [
    ...services.map((name): [string, string] => [`services/${name}/dist/main.js`, SERVICE(name)]),
    ['infra/exchange-simulator/dist/main.js', SERVER('SIMULATOR_PORT')],
    ['gateway/dist/main.js', SERVER('GATEWAY_PORT')],
  ]
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  for (const [path, text] of entries) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

export interface Launcher {
  process: ChildProcess
  home: string
  port: number
  output(): string
  ready(): Promise<void>
  run(): Promise<Run>
  /** Resolves with the exit code, null after a signal. */
  exited: Promise<number | null>
}

/** The launcher as a process of its own, over `root`. Ends with the test. */
export const launch = async (
  t: { teardown(clean: () => Promise<void>): void },
  options: { root: string; home: string; port?: number; args?: readonly string[]; env?: Record<string, string> },
): Promise<Launcher> => {
  const port = options.port ?? (await freePort())
  const script = `
    import { start } from ${JSON.stringify(start)}
    const say = (line) => console.log(line)
    try {
      await start({ root: ${JSON.stringify(options.root)}, env: process.env, args: ${JSON.stringify(options.args ?? [])}, folder: ${JSON.stringify(options.root)}, say })
      process.exit(0)
    } catch (error) {
      console.error(error.name === 'LaunchError' ? error.message : error)
      process.exit(1)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, COLIBRI_HOME: options.home, COLIBRI_PORT: String(port), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
  })
  return {
    process: child,
    home: options.home,
    port,
    output: () => output,
    ready: async () => {
      while (!output.includes('READY ')) {
        if (child.exitCode !== null) throw new Error(`the launcher ended:\n${output}`)
        await sleep(20)
      }
    },
    run: async () => JSON.parse(await readFile(join(options.home, 'run.json'), 'utf8')) as Run,
    exited,
  }
}

/** Those of `run`'s processes that still run. */
export const stillAlive = (run: Run): string[] =>
  run.processes.filter(({ pid, identity }) => processIdentity(pid) === identity).map(({ name }) => name)

/** Polls until `condition` holds; the test's own timeout is the bound. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(25)
}
