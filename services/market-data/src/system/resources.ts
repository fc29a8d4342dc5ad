import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'
import type { SystemResourcesResponse } from '@colibri/contracts'

/** Processor time in milliseconds since the machine started, all processors together. */
export interface CpuTime {
  readonly busy: number
  readonly total: number
}

export const cpuTime = (): CpuTime => {
  let idle = 0
  let total = 0
  for (const { times } of os.cpus()) {
    idle += times.idle
    total += times.user + times.nice + times.sys + times.irq + times.idle
  }
  return { busy: total - idle, total }
}

const percent = (part: number, whole: number): number => (whole > 0 ? Math.round((part / whole) * 1_000) / 10 : 0)

/** Share of processor time used between two readings, 0 to 100. */
export const cpuPercent = (before: CpuTime, after: CpuTime): number =>
  Math.min(100, Math.max(0, percent(after.busy - before.busy, after.total - before.total)))

/** Cores by `/proc/cpuinfo`, where hyper-threads of one core share its ids; null where the machine does not say. */
export const physicalCores = (cpuinfo: string): number | null => {
  const cores = new Set(
    cpuinfo.split('\n\n').flatMap((processor) => {
      const socket = /^physical id\s*:\s*(\d+)/m.exec(processor)?.[1]
      const core = /^core id\s*:\s*(\d+)/m.exec(processor)?.[1]
      return socket === undefined || core === undefined ? [] : [`${socket} ${core}`]
    }),
  )
  return cores.size === 0 ? null : cores.size
}

/** The machine's processors, memory and root disk; `cpu.percent` is since the previous reading. */
export class Resources {
  #previous = cpuTime()

  async read(): Promise<SystemResourcesResponse> {
    const [cpuinfo, disk] = await Promise.all([readFile('/proc/cpuinfo', 'utf8').catch(() => ''), statfs('/')])
    const now = cpuTime()
    const busy = cpuPercent(this.#previous, now)
    this.#previous = now
    const [one = 0, five = 0, fifteen = 0] = os.loadavg()
    const memory = os.totalmem()
    // What can be had without swapping: on Linux the kernel's own estimate, not what is merely unused.
    const available = os.freemem()
    const used = (disk.blocks - disk.bfree) * disk.bsize
    const free = disk.bavail * disk.bsize
    return {
      cpu: {
        percent: busy,
        count_logical: os.cpus().length,
        count_physical: physicalCores(cpuinfo),
        load_avg_1m: one,
        load_avg_5m: five,
        load_avg_15m: fifteen,
      },
      memory: { total: memory, available, used: memory - available, percent: percent(memory - available, memory) },
      disk: {
        mountpoint: 'host root',
        total: disk.blocks * disk.bsize,
        used,
        free,
        percent: percent(used, used + free),
      },
    }
  }
}
