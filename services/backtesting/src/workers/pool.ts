import type { AnswerChunk, BacktestJob, ControllerSource, Description, Progress, RunOutcome } from './job.ts'

export interface RunOptions {
  /** Aborted, the run ends as `cancelled` and its worker with it. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Takes the answer chunk by chunk, the next one once it has resolved. A rejection ends the run and is thrown. */
  readonly onChunk?: (chunk: AnswerChunk) => Promise<void>
}

/** Processes that run backtests, as many as may run at once; who comes while all are busy waits in line. */
export interface WorkerPool {
  readonly size: number
  /** Never rejects for what the controller or its configuration does: that is an outcome. */
  run(job: BacktestJob, options?: RunOptions): Promise<RunOutcome>
  /** Asks a user's controller what it would need. */
  describe(controller: ControllerSource, config: Readonly<Record<string, unknown>>): Promise<Description>
  /** Ends all workers. */
  close(): Promise<void>
}
