import { Gauge, type Registry } from 'prom-client'
import type { LossWatches } from './watch-losses.ts'

/** What the watches over losses see, by guard: `portfolio` or `account <name>`. */
export const measureLosses = (registry: Registry, { sights }: LossWatches, now: () => number): void => {
  new Gauge({
    name: 'colibri_guard_blind_seconds',
    help: 'For how long a guard has not been able to tell its equity; 0 while it can',
    labelNames: ['guard'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [guard, { blind }] of sights()) this.set({ guard }, blind === null ? 0 : (now() - blind.since) / 1000)
    },
  })
  new Gauge({
    name: 'colibri_guard_equity_usdt',
    help: 'Equity as a guard last told it',
    labelNames: ['guard'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [guard, { equity }] of sights()) if (equity !== null) this.set({ guard }, Number(equity))
    },
  })
}
