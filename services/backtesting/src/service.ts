import { BACKTEST_CANCEL, backtestCancel } from '@colibri/contracts'
import { runProjection } from '@colibri/event-log'
import type { ServiceDefinition } from '@colibri/service-kit'
import { backtestMetrics } from './backtest-metrics.ts'
import { keptCandles, marketCandles } from './candles/market-candles.ts'
import { createUploads } from './candles/uploads.ts'
import { type BacktestingConfig, config } from './config.ts'
import { openOptimisations } from './optimise/open-optimisations.ts'
import { OPTIMISATIONS, OptimiseController } from './optimise/optimise.http.ts'
import { createTaskRunner } from './queue/run-task.ts'
import { sweepTasks } from './queue/sweep-tasks.ts'
import { openTaskQueue, TASKS } from './queue/task-queue.ts'
import { ReportsHttp } from './reports/reports.http.ts'
import { createResultTables } from './results/result-tables.ts'
import { createStoreResults } from './results/store-results.ts'
import { readResults } from './results/stored-results.ts'
import { marketRules } from './runs/market-rules.ts'
import { prepareRuns } from './runs/prepare-run.ts'
import { BACKTEST_RUNS, RunHttp } from './runs/run.http.ts'
import { userFiles } from './runs/stored-configs.ts'
import { followProgress } from './tasks/progress.ts'
import { createTaskCommands, handleFollowUp, handleRequest } from './tasks/task-commands.ts'
import { BACKTEST_TASKS, TasksHttp } from './tasks/tasks.http.ts'
import { tasksProjection } from './tasks/tasks.projection.ts'
import { taskQueries } from './tasks/tasks.queries.ts'
import { createWorkerPool } from './workers/pool.ts'

const CATCH_UP_MS = 5_000
const SECOND_MS = 1_000
/** An import of candles is seen after this time. */
const CANDLES_FRESH_MS = 60_000
const RULES_FRESH_MS = 60_000
const MEGABYTE = 1024 * 1024
const RUN_PATIENCE_MS = 120_000

/** The backtesting service: runs controllers over past candles, in workers of its own, at once or as tasks. */
export const backtesting: ServiceDefinition<BacktestingConfig> = {
  name: 'backtesting',
  config,
  start: async (kit) => {
    const { config, log, pool, logger, nats } = kit
    const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
    await createResultTables(pool)
    const tasks = await runProjection(log, pool, tasksProjection, {
      schema: 'backtesting',
      onError: (error) => report(error, 'projecting backtests'),
    })
    const queries = taskQueries(pool, () => tasks.catchUp(CATCH_UP_MS))
    const limits = {
      size: config.BACKTEST_WORKERS,
      memoryMb: config.BACKTEST_MEMORY_MB,
      timeLimitMs: config.BACKTEST_TIME_LIMIT * SECOND_MS,
      stallMs: config.BACKTEST_STALL_SECONDS * SECOND_MS,
      idleMs: config.BACKTEST_IDLE_SECONDS * SECOND_MS,
    }
    const workers = createWorkerPool({ ...limits, purpose: 'answers' })
    const triers = createWorkerPool({ ...limits, purpose: 'trials' })
    const metrics = backtestMetrics(kit.metrics, { alive: () => workers.alive() + triers.alive() })
    const uploads = createUploads(pool)
    const candles = keptCandles(marketCandles(kit.call), {
      mostBytes: config.BACKTEST_CANDLES_MB * MEGABYTE,
      freshMs: CANDLES_FRESH_MS,
      now: Date.now,
    })
    const rules = marketRules(kit.call, {
      freshMs: RULES_FRESH_MS,
      now: Date.now,
      unknown: (connector, why) => logger.warn({ connector, why }, 'backtests run without trading rules'),
    })
    const files = userFiles(config.COLIBRI_HOME)
    const prepare = prepareRuns({ files, candles, rules, uploads, workers, mostRows: config.BACKTEST_MAX_ROWS })
    const results = createStoreResults(pool)
    const searches = await openOptimisations(kit, { runs: prepare, workers: triers })
    const progress = followProgress(nats)
    const runner = createTaskRunner({
      handle: handleFollowUp({ log, now: Date.now }),
      prepare,
      workers,
      results,
      progress: progress.tell,
      instanceId: config.INSTANCE_ID,
      now: Date.now,
      ran: metrics.ran,
    })
    const queue = openTaskQueue({ names: TASKS, nats, places: config.BACKTEST_WORKERS, work: runner.work, report })
    const cancelling = nats.subscribe(BACKTEST_CANCEL, {
      callback: (error, message) => {
        if (error === null) runner.cancel(backtestCancel.parse(message.json()).taskId)
      },
    })
    const commands = createTaskCommands({
      handle: handleRequest({ log, now: Date.now }, kit.context),
      prepare,
      queries,
      results,
      enqueue: (taskId) => queue.add(taskId).catch((error: unknown) => report(error, `queueing backtest ${taskId}`)),
      cancelled: (taskId) => nats.publish(BACKTEST_CANCEL, JSON.stringify({ taskId })),
    })
    const keepOnly = async (ids: readonly string[]): Promise<void> =>
      uploads.keepOnly([...ids, ...(await searches.uploads())])
    const stopping = new AbortController()
    kit.onShutdown(async () => void (await Promise.all([workers.close(), triers.close()])))
    let running: Promise<void> = Promise.resolve()

    return {
      controllers: [RunHttp, TasksHttp, ReportsHttp, OptimiseController],
      providers: [
        { provide: OPTIMISATIONS, useValue: searches.optimisations },
        {
          provide: BACKTEST_RUNS,
          useValue: { prepare, workers, patienceMs: RUN_PATIENCE_MS, ran: metrics.ran },
        },
        {
          provide: BACKTEST_TASKS,
          useValue: { commands, queries, read: readResults(pool, queries), progress: progress.of },
        },
      ],
      projections: [tasks, searches.projection],
      recover: async () => {
        searches.begin()
        running = queue.run(stopping.signal)
        kit.background('running backtests', running)
        kit.background(
          'finding backtests that nobody runs',
          sweepTasks({ queries, queue, results, uploads: { keepOnly }, report }, stopping.signal),
        )
      },
      // What runs here begins again elsewhere at once.
      handOver: async () => {
        stopping.abort()
        runner.stop()
        cancelling.unsubscribe()
        progress.stop()
        await Promise.all([running, searches.handOver()])
      },
    }
  },
}
