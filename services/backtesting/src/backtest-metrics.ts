import { Counter, Gauge, type Registry } from 'prom-client'
import type { RunOutcome } from './workers/job.ts'
import type { WorkerPool } from './workers/pool.ts'

export interface BacktestMetrics {
  ran(outcome: RunOutcome['kind']): void
}

export const backtestMetrics = (registry: Registry, workers: Pick<WorkerPool, 'alive'>): BacktestMetrics => {
  const runs = new Counter({
    name: 'colibri_backtests_total',
    help: 'Backtests that came to an end, by how',
    labelNames: ['outcome'],
    registers: [registry],
  })
  new Gauge({
    name: 'colibri_backtest_workers',
    help: 'Worker processes there are now',
    registers: [registry],
    collect() {
      this.set(workers.alive())
    },
  })
  return { ran: (outcome) => runs.inc({ outcome }) }
}
