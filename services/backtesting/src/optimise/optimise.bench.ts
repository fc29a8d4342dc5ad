import { readFileSync } from 'node:fs'
import { optimiseRequest } from '@colibri/contracts'
import { readUpload } from '../candles/uploaded-candles.ts'
import { prepareRuns } from '../runs/prepare-run.ts'
import { createWorkerPool, type WorkerPool } from '../workers/pool.ts'
import { runSearch } from './run-search.ts'
import { trialRunner } from './run-trial.ts'
import { planOf } from './search-plan.ts'

/**
 * How many trials a second a search makes on one worker and on two: bollinger_v1 over nine months of BTC in five minutes. A
 * random search lets every trial run when there is room; a Bayesian one waits at the end of each round of eight.
 */
const FILE = new URL('../../../../../shared/data/candles/BTC_USDT_5m_2024-01_2024-09.csv.gz', import.meta.url)
const TRIALS = 96
const REPEATS = 2
const TARGET = 1.8

const csv_gz = readFileSync(FILE).toString('base64')
const [connector, pair, interval] = ['binance_perpetual', 'BTC-USDT', '5m']
const upload = { connector, trading_pair: pair, interval, rows: null, csv: null, csv_gz }
const candles = readUpload(upload, 1_000_000)
const series = { id: 'bench', connector, pair, interval, candles }
const [from = 0, to = 0] = [candles.timestamp[0], candles.timestamp.at(-1)]

const requestOf = (method: 'random' | 'bayesian', trials: number) =>
  optimiseRequest.parse({
    start_time: from,
    end_time: to,
    backtesting_resolution: interval,
    config: {
      id: 'bench',
      controller_type: 'directional_trading',
      controller_name: 'bollinger_v1',
      connector_name: connector,
      trading_pair: pair,
      candles_connector: connector,
      candles_trading_pair: pair,
      interval,
      total_amount_quote: 1_000,
    },
    parameters: { bb_length: { min: 20, max: 200, step: 1 }, bb_std: { min: 1, max: 3 }, take_profit: [0.01, 0.02] },
    method,
    trials,
  })

/** Seconds. */
const search = async (workers: WorkerPool, method: 'random' | 'bayesian', trials: number): Promise<number> => {
  const runs = prepareRuns({
    files: { config: () => Promise.reject(new Error('none')), controller: async () => undefined },
    candles: async () => series,
    rules: async () => undefined,
    uploads: { save: () => Promise.reject(new Error('none')), read: async () => undefined, keepOnly: async () => {} },
    workers,
    mostRows: 1_000_000,
  })
  const request = requestOf(method, trials)
  const base = await runs.check(request)
  const { parameters, seed, round, objective, direction, constraints } = request
  const plan = planOf({
    backtest: base.spec,
    parameters,
    method,
    trials,
    seed,
    round,
    objective,
    direction,
    constraints,
    pruning: null,
    walkForward: null,
  })
  const attempt = trialRunner(
    { runs, workers },
    base,
    await runs.load(base, 'none'),
    plan,
    new AbortController().signal,
  )
  const begin = performance.now()
  await runSearch(
    plan,
    { trials: [], tested: new Set() },
    { attempt, finished: async () => {}, tested: async () => {} },
  )
  return (performance.now() - begin) / 1000
}

const poolOf = (size: number): WorkerPool =>
  createWorkerPool({ purpose: 'trials', size, memoryMb: 512, timeLimitMs: 60_000, stallMs: 60_000, idleMs: 60_000 })

const pools = [poolOf(1), poolOf(2)]
for (const pool of pools) await search(pool, 'random', 4 * pool.size)
for (const method of ['random', 'bayesian'] as const) {
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  // In turns: what else the machine does meets both.
  for (let repeat = 0; repeat < REPEATS; repeat += 1)
    for (const [index, pool] of pools.entries())
      best[index] = Math.min(best[index] ?? 0, await search(pool, method, TRIALS))
  const [one = 0, two = 0] = best.map((seconds) => TRIALS / seconds)
  console.log(
    `${method}: ${TRIALS} trials of ${candles.length} rows: ${one.toFixed(1)} trials/s on one worker, ` +
      `${two.toFixed(1)} on two: ${(two / one).toFixed(2)} times as many (target ${TARGET})`,
  )
}
await Promise.all(pools.map((pool) => pool.close()))
