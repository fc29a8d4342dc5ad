import type { BacktestJob, ControllerSource, Description, RunOutcome, Series } from './job.ts'
import { knownSeries } from './known-series.ts'
import { bytesOf, type FromWorker, type SeriesName } from './messages.ts'
import type { RunOptions } from './pool.ts'
import { type StallWatch, stallWatch } from './stall-watch.ts'
import { stoodStill, tooLate } from './words.ts'
import type { WorkerEnd, WorkerProcess } from './worker-process.ts'

/** A worker with what is known of it: whether it is free, whose controllers it has run, which candles it has. */
export interface Seat {
  idle(): boolean
  /** One that has run a user's controller runs that one alone: it may have left anything behind. */
  takes(controller: ControllerSource): boolean
  /** How many of these series it has already. */
  knows(ids: readonly string[]): number
  run(
    job: BacktestJob,
    timeLimitMs: number,
    signal: AbortSignal | undefined,
    listeners: Pick<RunOptions, 'onProgress' | 'onChunk'>,
  ): Promise<RunOutcome>
  describe(
    controller: ControllerSource,
    config: Readonly<Record<string, unknown>>,
    timeLimitMs: number,
  ): Promise<Description>
  end(): Promise<void>
}

export interface SeatLimits {
  /** It is let go when it was idle for so long. */
  readonly idleMs: number
  /** Of one row in a user's controller. */
  readonly stallMs: number
}

/** Columns are derived of all rows at once: what comes before the first row may take so many times as long as one. */
const BEFORE_ROWS = 5

/** A worker that is to end by itself in time is ended when it has not by then. */
const GRACE_MS = 3_000
const STARTING_MS = 30_000
/** An answer that nobody takes keeps no worker. */
const DELIVERY_MS = 300_000
const SERIES_BYTES = 96 * 1024 * 1024

const nameOf = ({ candles: _, ...name }: Series): SeriesName => name

export const createSeat = (worker: WorkerProcess, { idleMs, stallMs }: SeatLimits, onEnd: () => void): Seat => {
  let state: 'idle' | 'busy' | 'ended' = 'idle'
  /** The user's controller that it has run. */
  let marked: string | undefined
  let hear: (message: FromWorker) => void = () => undefined
  let idleTimer: NodeJS.Timeout | undefined
  const series = knownSeries(SERIES_BYTES)

  worker.onMessage((message) => hear(message))
  worker.ended.then((): void => {
    state = 'ended'
    clearTimeout(idleTimer)
    onEnd()
  }, onEnd)

  const end = (): void => {
    state = 'ended'
    onEnd()
    worker.kill()
  }

  /** One exchange with the worker, whatever it does. `settle` makes an outcome of its words, or waits on. */
  const exchange = async <T>(
    begin: () => void,
    limitMs: number,
    settle: (message: FromWorker, extend: (ms: number) => void) => T | undefined,
    broken: (end: WorkerEnd | { readonly kind: 'late' }) => T,
  ): Promise<T> => {
    state = 'busy'
    clearTimeout(idleTimer)
    worker.watch('busy')
    let timer: NodeJS.Timeout | undefined
    try {
      const result = await new Promise<T>((resolve) => {
        const late = (): void => {
          resolve(broken({ kind: 'late' }))
          end()
        }
        const extend = (ms: number): void => {
          clearTimeout(timer)
          timer = setTimeout(late, ms)
        }
        extend(STARTING_MS + limitMs + GRACE_MS)
        hear = (message) => {
          const settled = settle(message, extend)
          if (settled !== undefined) resolve(settled)
        }
        worker.ended.then((how) => resolve(broken(how)), late)
        begin()
      })
      return result
    } finally {
      clearTimeout(timer)
      hear = () => undefined
      worker.watch('idle')
      if (state === 'busy') {
        state = 'idle'
        idleTimer = setTimeout(() => {
          end()
        }, idleMs).unref()
      }
    }
  }

  const markOf = (controller: ControllerSource): string | undefined =>
    controller.kind === 'own' ? `${controller.type}/${controller.name}\n${controller.source}` : undefined

  const sendSeries = (all: readonly Series[]): void => {
    const fresh = all.filter(({ id }) => !series.has(id))
    for (const id of series.use(all.map(({ id, candles }) => ({ id, bytes: bytesOf(candles) }))))
      worker.send({ type: 'forget', id })
    for (const { id, candles } of new Map(fresh.map((each) => [each.id, each])).values())
      worker.send({ type: 'series', id, candles })
  }

  return {
    idle: () => state === 'idle',
    takes: (controller) => marked === undefined || marked === markOf(controller),
    knows: (ids) => ids.filter((id) => series.has(id)).length,

    run: async (job, timeLimitMs, signal, { onProgress, onChunk }) => {
      marked ??= markOf(job.controller)
      let thrown: { readonly error: unknown } | undefined
      let aborted = false
      let stalled = false
      let watch: StallWatch | undefined
      let stepMs = stallMs
      const abort = (): void => {
        aborted = true
        end()
      }
      const name = `${job.controller.type}/${job.controller.name}`
      signal?.addEventListener('abort', abort, { once: true })
      try {
        const outcome = await exchange<RunOutcome>(
          () => {
            sendSeries([job.candles, ...job.feeds])
            const { floors = [] } = job
            const candles = nameOf(job.candles)
            worker.send({ type: 'run', job: { ...job, candles, feeds: job.feeds.map(nameOf), floors, timeLimitMs } })
          },
          timeLimitMs,
          (message, extend) => {
            switch (message.type) {
              case 'stepping':
                watch ??= stallWatch(
                  () => {
                    stalled = true
                    worker.interrupt()
                    extend(GRACE_MS)
                  },
                  () => worker.ran(),
                )
                stepMs = message.step.kind === 'row' ? stallMs : stallMs * BEFORE_ROWS
                watch.heard(stepMs)
                return undefined
              case 'stepped':
                watch?.over()
                return undefined
              case 'interrupted': {
                end()
                const { step } = message
                if (stalled) return { kind: 'failed', error: stoodStill(name, stepMs, step) }
                return { kind: 'failed', error: wordsOf({ kind: 'ended', how: 'was interrupted' }, name, timeLimitMs) }
              }
              case 'progress':
                onProgress?.(message.progress)
                return undefined
              case 'chunk':
                extend(DELIVERY_MS)
                Promise.resolve(onChunk?.(message.chunk)).then(
                  () => worker.send({ type: 'taken' }),
                  (error: unknown) => {
                    thrown ??= { error }
                    end()
                  },
                )
                return undefined
              case 'ran':
                return message.outcome
              case 'ready':
              case 'described':
                return undefined
            }
          },
          (how) => {
            if (aborted) return { kind: 'cancelled' }
            if (stalled) return { kind: 'failed', error: stoodStill(name, stepMs, undefined) }
            return { kind: 'failed', error: wordsOf(how, name, timeLimitMs) }
          },
        )
        if (thrown !== undefined) throw thrown.error
        if (aborted) return { kind: 'cancelled' }
        return outcome
      } finally {
        watch?.over()
        signal?.removeEventListener('abort', abort)
      }
    },

    describe: async (controller, config, timeLimitMs) => {
      marked ??= markOf(controller)
      return exchange<Description>(
        () => worker.send({ type: 'describe', controller, config, timeLimitMs }),
        timeLimitMs,
        (message) => (message.type === 'described' ? message.description : undefined),
        (how) => ({
          kind: 'failed',
          error: wordsOf(how, `${controller.type}/${controller.name}`, timeLimitMs),
        }),
      )
    },

    end: async () => {
      if (state !== 'ended') end()
      await worker.ended
    },
  }
}

const wordsOf = (how: WorkerEnd | { readonly kind: 'late' }, controller: string, timeLimitMs: number): string => {
  switch (how.kind) {
    case 'memory':
      return `Controller ${controller} took more memory than a backtest may have`
    case 'late':
      return tooLate(controller, timeLimitMs)
    case 'ended':
      return `The backtest of ${controller} broke off: its process ${how.how}`
  }
}
