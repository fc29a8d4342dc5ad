import { readFileSync } from 'node:fs'

/** What Linux tells of a process: of its first thread, since what helps that one runs beside it. */
export interface ProcStat {
  /** `R`: it runs or waits for a processor. */
  readonly state: string
  /** The process that leads its session. */
  readonly session: number
  /** Milliseconds of processor time. */
  readonly ranMs: number
}

/** Of all Linux systems that Node runs on. */
const TICK_MS = 10

/** Undefined when there is no such process, or the system is another one. */
export const procStat = (pid: number): ProcStat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')
    // The name before may hold anything.
    const [state = '', , , session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system] = rest.slice(7)
    return { state, session: Number(session), ranMs: (Number(user) + Number(system)) * TICK_MS }
  } catch {
    return undefined
  }
}
