import { Script } from 'node:vm'
import {
  type BacktestResult,
  type CandleFeed,
  type Candles,
  type Controller,
  type ControllerConfig,
  type Curve,
  runBacktest,
  type Watch,
  watchOver,
} from '@colibri/strategy'
import type { z } from 'zod'
import type { ConfigProblem, ControllerSource, Description, Progress, RunOutcome } from './job.ts'
import { BadController, loadController, whatOf } from './load-controller.ts'
import { feedKey, type JobMessage } from './messages.ts'
import { followSteps } from './steps.ts'
import { type Step, tooLate } from './words.ts'

/** A backtest that came to its end, with all it gave. */
export interface Finished {
  readonly outcome: Extract<RunOutcome, { kind: 'completed' }>
  readonly result: BacktestResult
}

const TELL_EVERY_MS = 100

/** It was told to stop in the middle of a step. */
export interface Interrupted {
  readonly kind: 'interrupted'
  readonly step: Step
}

/** Who hears how a job goes. */
export interface JobListener {
  readonly progress: (progress: Progress) => void
  /** A user's controller begins a step. */
  readonly stepping: (step: Step) => void
  /** It has taken its last one. */
  readonly stepped: () => void
}

class Pruned extends Error {
  constructor(
    readonly progress: Progress,
    readonly curve: Curve,
  ) {
    super('pruned')
  }
}

/** Runs a job, of which the series are known by id. What goes wrong in it is an outcome. */
export const runJob = (
  job: JobMessage,
  series: (id: string) => Candles | undefined,
  { progress, stepping, stepped }: JobListener,
): Finished | Interrupted | Exclude<RunOutcome, { kind: 'completed' }> => {
  const { controller: source, timeLimitMs } = job
  const steps = followSteps(stepping)
  const load = (): Controller => {
    if (source.kind === 'standard') return loadController(source)
    stepping(steps.at())
    return steps.followed(loadController(source))
  }
  const run = (): Finished | Exclude<RunOutcome, { kind: 'completed' }> => {
    const controller = load()
    const parsed = controller.schema.safeParse(job.config)
    if (!parsed.success) return { kind: 'refused', problems: problemsOf(parsed.error, job.config) }
    const feeds = new Map(job.feeds.map((feed) => [feedKey(feed), series(feed.id)]))
    const candles = series(job.candles.id)
    if (candles === undefined) return { kind: 'failed', error: 'The candles did not arrive' }
    const curve = watchOver(job.floors)
    const started = performance.now()
    const result = runBacktest({
      controller,
      config: parsed.data,
      market: job.market,
      candles,
      feed: (feed: CandleFeed) => feeds.get(feedKey(feed)),
      window: job.window,
      rules: job.rules,
      tradeCost: job.tradeCost,
      mode: job.mode,
      onProgress: watch(curve, progress, stepped),
    })
    const summary = {
      results: result.results,
      holds: result.holds,
      rows: result.pnl.length,
      executors: result.executors.length,
      engineMs: performance.now() - started,
    }
    return { outcome: { kind: 'completed', summary, curve: curve.curve }, result }
  }
  return guarded(source, timeLimitMs, run, () => ({ kind: 'interrupted', step: steps.at() }))
}

/** What a controller needs for a configuration. */
export const describeController = (
  source: ControllerSource,
  config: Readonly<Record<string, unknown>>,
  timeLimitMs: number,
): Description =>
  guarded<Description>(
    source,
    timeLimitMs,
    () => describe(loadController(source), config),
    () => ({ kind: 'failed', error: 'It was interrupted' }),
  ) as Description

/** The same of a controller at hand. */
export const describe = (
  controller: Controller,
  config: Readonly<Record<string, unknown>>,
): Exclude<Description, { kind: 'failed' }> | { readonly kind: 'failed'; readonly error: string } => {
  const parsed = controller.schema.safeParse(config)
  if (!parsed.success) return { kind: 'refused', problems: problemsOf(parsed.error, config) }
  return needsOf(controller, parsed.data)
}

const needsOf = (controller: Controller, config: ControllerConfig): Description => {
  const [market] = controller.markets(config)
  if (market === undefined) return { kind: 'failed', error: 'The controller names no market to trade on' }
  const feeds = controller.feeds?.(config) ?? []
  return {
    kind: 'described',
    market: { connector_name: String(market.connector_name), trading_pair: String(market.trading_pair) },
    feeds: feeds.map(({ connector, pair, interval, window }) => ({
      connector: String(connector),
      pair: String(pair),
      interval: String(interval),
      window: Number(window),
    })),
  }
}

/** Characters of what a user's controller adds to a refusal. Its owner has to read it, however deep it nests. */
const LONGEST_CONTEXT = 1_000

/** What is wrong with a configuration, field by field, in the words of the REST API. */
const problemsOf = (error: z.ZodError, config: unknown): ConfigProblem[] =>
  error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
    const params: unknown = issue.code === 'custom' ? issue.params : undefined
    const known = isRecord(params) && typeof params.type === 'string' ? params : undefined
    const type = typeof known?.type === 'string' ? known.type : 'value_error'
    const ctx = isRecord(known?.ctx) && isShort(known.ctx) ? { ctx: known.ctx } : {}
    return {
      path,
      type,
      msg: known === undefined ? `Value error, ${issue.message}` : issue.message,
      input: valueAt(config, type === 'missing' ? path.slice(0, -1) : path) ?? null,
      ...ctx,
    }
  })

const isShort = (value: unknown): boolean => (JSON.stringify(value)?.length ?? Infinity) <= LONGEST_CONTEXT

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const valueAt = (root: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((value, part) => (isRecord(value) ? value[part] : undefined), root)

const watch = (
  curve: Watch,
  onProgress: (progress: Progress) => void,
  onLastRow: () => void,
): ((done: number, rows: number, pnlQuote: number) => void) => {
  let told = 0
  return (rowsDone, rows, pnlQuote) => {
    if (rowsDone === rows) onLastRow()
    const progress = { done: rows === 0 ? 1 : rowsDone / rows, rows, pnlQuote }
    if (!curve.goesOn(rowsDone, rows, pnlQuote)) throw new Pruned(progress, curve.curve)
    const now = performance.now()
    if (now - told < TELL_EVERY_MS && rowsDone < rows) return
    told = now
    onProgress(progress)
  }
}

/** Where `guarded` finds its work: a script has no arguments. */
const WORK = Symbol.for('colibri backtest')
const script = new Script(`globalThis[Symbol.for('colibri backtest')]()`)

/**
 * Runs work that may never end, and tells what it throws as an outcome; one that SIGINT ends is what `interrupted` says.
 */
const guarded = <T, I = T>(
  source: ControllerSource,
  timeLimitMs: number,
  work: () => T,
  interrupted: () => I,
): T | I | Extract<RunOutcome, { kind: 'failed' | 'pruned' }> => {
  const name = `${source.type}/${source.name}`
  Reflect.set(globalThis, WORK, work)
  try {
    return script.runInThisContext({ timeout: timeLimitMs, breakOnSigint: true }) as T
  } catch (error) {
    if (error instanceof Pruned) return { kind: 'pruned', progress: error.progress, curve: error.curve }
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return { kind: 'failed', error: tooLate(name, timeLimitMs) }
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
      return interrupted()
    if (error instanceof BadController) return { kind: 'failed', error: error.message }
    if (error instanceof Error && (error.name === 'BacktestImpossible' || error.name === 'UnsupportedExecutor'))
      return { kind: 'failed', error: error.message }
    return { kind: 'failed', error: `Controller ${name} failed: ${whatOf(error, `${name}.ts`)}` }
  } finally {
    Reflect.deleteProperty(globalThis, WORK)
  }
}
