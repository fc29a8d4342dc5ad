import { once } from 'node:events'
import { type BacktestRequest, backtestRequest } from '@colibri/contracts'
import { unavailable, unprocessable, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common'
import type { Request, Response } from 'express'
import type { AnswerForm, RunOutcome } from '../workers/job.ts'
import type { WorkerPool } from '../workers/pool.ts'
import { legacyRequest } from './legacy-request.ts'
import { ControllerBroken, type PrepareRun } from './prepare-run.ts'
import { configItems } from './refusals.ts'

export const BACKTEST_RUNS = Symbol('backtest runs')

export interface BacktestRuns {
  readonly prepare: PrepareRun
  readonly workers: WorkerPool
  /** How long a request waits for a worker. */
  readonly patienceMs: number
  readonly ran: (outcome: RunOutcome['kind']) => void
}

@Controller('backtesting')
export class RunHttp {
  constructor(@Inject(BACKTEST_RUNS) private readonly runs: BacktestRuns) {}

  /** Runs a backtest while the client waits; it ends when the client goes. */
  @Post('run')
  @HttpCode(200)
  async run(
    @Validated('body', backtestRequest) request: BacktestRequest,
    @Req() asked: Request,
    @Res() response: Response,
  ): Promise<void> {
    const left = new AbortController()
    response.once('close', () => left.abort())
    const outcome = await this.#outcome(request, formFor(asked), response, left.signal)
    this.runs.ran(outcome.kind)
    if (response.destroyed) return
    switch (outcome.kind) {
      case 'completed':
        response.end()
        return
      case 'refused':
        throw unprocessable(configItems(outcome.problems))
      case 'failed':
        // The contract's way to say that a backtest failed; behind the beginning of an answer there is none.
        if (response.headersSent) response.destroy()
        else response.status(200).json({ error: outcome.error })
        return
      case 'pruned':
      case 'cancelled':
        throw unavailable(
          `All ${this.runs.workers.size} workers are busy with other backtests; try again, or submit a task`,
        )
    }
  }

  @Post('run-backtesting')
  @HttpCode(200)
  runByOlderName(
    @Validated('body', legacyRequest) request: BacktestRequest,
    @Req() asked: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.run(request, asked, response)
  }

  async #outcome(
    request: BacktestRequest,
    form: Extract<AnswerForm, 'json' | 'gzip'>,
    response: Response,
    left: AbortSignal,
  ): Promise<RunOutcome> {
    try {
      const job = await this.runs.prepare.load(await this.runs.prepare.check(request), form)
      const waited = new AbortController()
      const timer = setTimeout(() => waited.abort(), this.runs.patienceMs)
      try {
        return await this.runs.workers.run(job, {
          signal: AbortSignal.any([left, waited.signal]),
          onStart: () => clearTimeout(timer),
          onChunk: ({ bytes }) => write(response, form, bytes, left),
        })
      } finally {
        clearTimeout(timer)
      }
    } catch (error) {
      if (error instanceof ControllerBroken) return { kind: 'failed', error: error.message }
      throw error
    }
  }
}

/**
 * A long backtest has a hundred megabytes of JSON. Its worker compresses it, behind everything else on the machine, where
 * the edge would have to carry every byte.
 */
const formFor = (asked: Request) => (asked.acceptsEncodings(['gzip', 'identity']) === 'gzip' ? 'gzip' : 'json')

/** Resolves when there is room for more. */
const write = async (
  response: Response,
  form: 'json' | 'gzip',
  bytes: Uint8Array,
  left: AbortSignal,
): Promise<void> => {
  if (left.aborted) return
  if (!response.headersSent) {
    response.status(200).type('json').vary('Accept-Encoding')
    if (form === 'gzip') response.set('Content-Encoding', 'gzip')
  }
  if (!response.write(bytes)) await once(response, 'drain', { signal: left }).catch(() => undefined)
}
