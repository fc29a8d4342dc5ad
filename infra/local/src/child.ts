import { type ChildProcess, spawn } from 'node:child_process'
import { forgetProcess, guardProcess } from './guard.ts'

export interface ChildOptions {
  command: string
  args: readonly string[]
  cwd: string
  env: Record<string, string | undefined>
  /** The signal that makes it finish what it is doing and end. */
  stopSignal: 'SIGINT' | 'SIGTERM'
  uid?: number
  /** Each line of stdout and stderr. */
  onLine: (line: string) => void
}

export type ExitReason =
  | { kind: 'exited'; code: number }
  | { kind: 'killed'; signal: string }
  | { kind: 'unstartable'; message: string }

export interface Child {
  pid: number
  exited: Promise<ExitReason>
  /** Asks it to end, and kills it when it has not after `graceMs`. Resolves once it is gone. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL. Resolves once it is gone. */
  kill(): Promise<void>
}

/** Starts a process in a session of its own (a Ctrl-C in the terminal is for the supervisor) that dies with this one. */
export const startChild = (options: ChildOptions): Child => {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  const pid = child.pid ?? -1
  if (pid > 0) guardProcess(pid, options.stopSignal === 'SIGINT' ? 'INT' : 'TERM')
  forwardLines(child, options.onLine)
  const exited = new Promise<ExitReason>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'unstartable', message: error.message })
    })
    child.once('exit', (code, signal) => {
      forgetProcess(pid)
      resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal })
    })
  })
  const alive = (): boolean => pid > 0 && child.exitCode === null && child.signalCode === null
  return {
    pid,
    exited,
    stop: async (graceMs = 5_000) => {
      if (!alive()) return
      child.kill(options.stopSignal)
      const deadline = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(deadline)
    },
    kill: async () => {
      if (!alive()) return
      child.kill('SIGKILL')
      await exited
    },
  }
}

const forwardLines = (child: ChildProcess, onLine: (line: string) => void): void => {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') onLine(line)
    })
    stream.on('end', () => {
      if (rest !== '') onLine(rest)
    })
    stream.on('error', () => undefined)
  }
}

/** How a process ended, for a sentence: `exited with code 1`, `was killed by SIGKILL`. */
export const describeExit = (reason: ExitReason): string => {
  switch (reason.kind) {
    case 'exited':
      return `exited with code ${reason.code}`
    case 'killed':
      return `was killed by ${reason.signal}`
    case 'unstartable':
      return `could not be started: ${reason.message}`
  }
}
