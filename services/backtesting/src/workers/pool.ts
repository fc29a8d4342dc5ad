import type { AnswerChunk, BacktestJob, ControllerSource, Description, Progress, RunOutcome } from './job.ts'
import { openLine } from './line.ts'
import { createSeat, type Seat } from './seat.ts'
import { startWorker, type WorkerLimits } from './worker-process.ts'

export interface RunOptions {
  /** Aborted, the run ends as `cancelled` and its worker with it. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Takes the answer chunk by chunk, the next one once it has resolved. A rejection ends the run and is thrown. */
  readonly onChunk?: (chunk: AnswerChunk) => Promise<void>
  /** Called when a worker has taken it up. */
  readonly onStart?: () => void
}

/** Processes that run backtests, as many as may run at once; who comes while all are busy waits in line. */
export interface WorkerPool {
  readonly size: number
  /** Never rejects for what the controller or its configuration does: that is an outcome. */
  run(job: BacktestJob, options?: RunOptions): Promise<RunOutcome>
  /** Asks a user's controller what it would need. */
  describe(controller: ControllerSource, config: Readonly<Record<string, unknown>>): Promise<Description>
  /** How many processes there are now. */
  alive(): number
  /** Ends all workers; what runs on them is cancelled. */
  close(): Promise<void>
}

export interface PoolOptions extends WorkerLimits {
  /** Workers at once. */
  readonly size: number
  /** Of one run. */
  readonly timeLimitMs: number
  /** Of one row in a user's controller; what comes before the first may take five times as long. */
  readonly stallMs: number
  /** A worker that has had nothing to do for so long is let go: memory that nobody uses. */
  readonly idleMs: number
}

const DESCRIBE_LIMIT_MS = 5_000

export const createWorkerPool = (options: PoolOptions): WorkerPool => {
  const seats = new Set<Seat>()
  const line = openLine(options.size)
  let closed = false

  /** A seat for this controller: one that has run it, else any idle one that is clean, else a new one. */
  const take = (controller: ControllerSource, wanted: readonly string[]): Seat => {
    const idle = [...seats].filter((seat) => seat.idle())
    const fit = idle.filter((seat) => seat.takes(controller))
    const best = fit.sort((a, b) => b.knows(wanted) - a.knows(wanted))[0]
    if (best !== undefined) return best
    // As many as may run at once are kept, no more: the one that does not fit goes.
    if (seats.size >= options.size) idle[0]?.end()
    const seat = createSeat(startWorker(options), options, () => seats.delete(seat))
    seats.add(seat)
    return seat
  }

  return {
    size: options.size,
    alive: () => seats.size,

    async run(job, { signal, onStart, ...listeners } = {}) {
      if (closed || signal?.aborted === true) return { kind: 'cancelled' }
      const turn = await line.turn(signal)
      if (turn === undefined) return { kind: 'cancelled' }
      try {
        if (closed) return { kind: 'cancelled' }
        onStart?.()
        const seat = take(job.controller, [job.candles.id, ...job.feeds.map(({ id }) => id)])
        return await seat.run(job, job.timeLimitMs ?? options.timeLimitMs, signal, listeners)
      } finally {
        turn.done()
      }
    },

    async describe(controller, config) {
      const turn = await line.turn(undefined)
      if (turn === undefined || closed) return { kind: 'failed', error: 'The service is stopping' }
      try {
        return await take(controller, []).describe(controller, config, DESCRIBE_LIMIT_MS)
      } finally {
        turn.done()
      }
    },

    async close() {
      closed = true
      line.close()
      await Promise.all([...seats].map((seat) => seat.end()))
    },
  }
}
