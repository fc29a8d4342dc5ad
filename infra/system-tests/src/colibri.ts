import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@colibri/local'
import { plainNode } from '@colibri/testkit'
import { type Api, api } from './api.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** What the launcher says of everything it runs, in `run.json`. */
export interface Run {
  readonly urls: Readonly<Record<string, string>>
  readonly processes: readonly { readonly name: string; readonly pid: number }[]
}

export interface Colibri {
  readonly url: string
  readonly home: string
  readonly api: Api
  readonly launcher: ChildProcess
  run(): Promise<Run>
  /** SIGKILL to one process by its name in `run.json`; the id it had. */
  kill(name: string): Promise<number>
  /** SIGINT, as Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>
}

/** The whole system as `npm start` runs it, in a home of its own. */
export const startColibri = async (
  options: {
    readonly args?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    /** A folder that may hold the state of another run; an empty one when absent. Removed when it stops. */
    readonly home?: string
  } = {},
): Promise<Colibri> => {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'colibri-')))
  const port = await freePort()
  const launcher = spawn(...plainNode(join(repository, 'infra/local/dist/main.js'), 'start', ...(options.args ?? [])), {
    env: {
      ...process.env,
      COLIBRI_HOME: home,
      COLIBRI_PORT: String(port),
      USERNAME: 'admin',
      PASSWORD: 'admin',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  launcher.stdout.on('data', (chunk) => (output += chunk))
  launcher.stderr.on('data', (chunk) => (output += chunk))
  const deadline = Date.now() + 60_000
  while (!output.includes('READY ')) {
    if (launcher.exitCode !== null || Date.now() > deadline) {
      launcher.kill('SIGKILL')
      throw new Error(`Colibri did not become ready:\n${output}`)
    }
    await sleep(50)
  }
  const url = `http://127.0.0.1:${port}`
  const run = async (): Promise<Run> => JSON.parse(await readFile(join(home, 'run.json'), 'utf8')) as Run
  return {
    url,
    home,
    launcher,
    api: api(url),
    run,
    kill: async (name) => {
      const victim = (await run()).processes.find((one) => one.name === name)
      if (!victim) throw new Error(`no process called ${name} is running`)
      process.kill(victim.pid, 'SIGKILL')
      return victim.pid
    },
    stop: async () => {
      if (launcher.exitCode === null) {
        launcher.kill('SIGINT')
        await once(launcher, 'exit')
      }
      await rm(home, { recursive: true, force: true })
      return launcher.exitCode
    },
  }
}
