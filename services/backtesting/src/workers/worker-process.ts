import { type ChildProcess, fork } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { giveWay } from '../give-way.ts'
import { procStat } from '../proc-stat.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import type { Ran } from './stall-watch.ts'

export interface WorkerLimits {
  /** Megabytes of a worker's own heap; what it holds outside of it counts half as much. */
  readonly memoryMb: number
  /** What it is for: backtests with their answers, or the trials of a search, of which only the figures are wanted. */
  readonly purpose: 'answers' | 'trials'
}

export type WorkerEnd =
  /** It took more memory than it may. */
  { readonly kind: 'memory' } | { readonly kind: 'ended'; readonly how: string }

/** One worker as its owner sees it. */
export interface WorkerProcess {
  readonly pid: number
  /** Of a worker that has ended nothing is heard but `ended`. */
  send(message: ToWorker): void
  onMessage(listener: (message: FromWorker) => void): void
  /** Looks at its memory from now on, or no more. */
  watch(state: 'busy' | 'idle'): void
  /** Lets it end by itself. */
  leave(): void
  /** Stops the backtest it is at; it says in which step. */
  interrupt(): void
  kill(): void
  /** What it has run; undefined when it has ended or cannot be looked at. */
  ran(): Ran | undefined
  readonly ended: Promise<WorkerEnd>
}

const HEAPS: Readonly<Record<WorkerLimits['purpose'], readonly string[]>> = {
  // An answer of a hundred megabytes is made in small pieces: the heap need not grow with it.
  answers: ['--max-semi-space-size=4', '--heap-growing-percent=20'],
  // Frugality costs half of the time of a trial, and threads that collect garbage take the core of another worker.
  trials: ['--max-semi-space-size=16', '--single-threaded-gc'],
}

/** Behind everything that answers users, its own service included. */
const NICE = 10
const ENTRY = fileURLToPath(new URL('./worker.js', import.meta.url))
const LOOK_EVERY_MS = 200
/** Outside the heap are the candles and the columns of the answer. */
const WHOLE = 1.5
const PAGE_BYTES = 4_096

/** The folder of a package that the code at `from` imports, behind all links. */
const folderOf = (name: string, from: string): string => {
  const file = findPackageJSON(name, from)
  if (file === undefined) throw new Error(`the package ${name} is not there`)
  return realpathSync(dirname(file))
}

const ownFolder = folderOf('..', import.meta.url)
const strategy = folderOf('@colibri/strategy', import.meta.url)
const READABLE = [
  `${ownFolder}/dist`,
  `${ownFolder}/package.json`,
  `${ownFolder}/node_modules`,
  strategy,
  folderOf('zod', `${strategy}/package.json`),
  folderOf('decimal.js', `${strategy}/package.json`),
]

/**
 * A process for backtests alone: it reads its own code and nothing else, starts no other program, gives way to everything
 * else on the machine, and goes when its owner goes.
 */
export const startWorker = ({ memoryMb, purpose }: WorkerLimits): WorkerProcess => {
  const child = fork(ENTRY, {
    // What is secret is in the environment.
    env: {},
    // A session of its own: what it gives way with counts against all others.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [
      '--permission',
      ...READABLE.map((path) => `--allow-fs-read=${path}`),
      `--max-old-space-size=${memoryMb}`,
      ...HEAPS[purpose],
      '--no-warnings',
    ],
  })
  if (child.pid !== undefined) giveWay(child.pid, NICE)
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-4_000)
  })
  let tooMuch = false
  const ended = new Promise<WorkerEnd>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'ended', how: `could not be started: ${error.message}` })
    })
    // Not `exit`: the last words come after it.
    child.once('close', (code, signal) => {
      clearInterval(timer)
      if (tooMuch || /heap out of memory|heap limit|Array buffer allocation failed/i.test(complaint))
        resolve({ kind: 'memory' })
      else resolve({ kind: 'ended', how: signal === null ? exited(code, complaint) : `was killed by ${signal}` })
    })
  })
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    residentBytes(child)
      .then((bytes) => {
        if (bytes <= memoryMb * WHOLE * 1024 * 1024) return
        tooMuch = true
        child.kill('SIGKILL')
      })
      // It has just ended, or this system has no such files: the heap's own limit remains.
      .catch(() => undefined)
  }
  return {
    pid: child.pid ?? 0,
    send: (message) => {
      // A worker that has just died is told of by `ended`.
      if (child.connected) child.send(message, () => undefined)
    },
    onMessage: (listener) => child.on('message', (message) => listener(message as FromWorker)),
    watch: (state) => {
      clearInterval(timer)
      if (state === 'busy') timer = setInterval(look, LOOK_EVERY_MS).unref()
    },
    leave: () => {
      if (child.connected) child.disconnect()
    },
    interrupt: () => {
      child.kill('SIGINT')
    },
    kill: () => {
      child.kill('SIGKILL')
    },
    ran: () => {
      const stat = procStat(child.pid ?? 0)
      return stat === undefined ? undefined : { ms: stat.ranMs, wantsMore: stat.state === 'R' }
    },
    ended,
  }
}

/** What it threw is the first line that names an error. */
const exited = (code: number | null, complaint: string): string => {
  const [thrown] = /^\w*Error(?: \[\w+\])?: .*$/m.exec(complaint) ?? []
  return thrown === undefined ? `exited with code ${code}` : `ended with ${thrown}`
}

const residentBytes = async ({ pid }: ChildProcess): Promise<number> => {
  const [, pages = '0'] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
  return Number(pages) * PAGE_BYTES
}
