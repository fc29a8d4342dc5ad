import type { BudgetObserver, BudgetReport } from '@colibri/exchange'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const waits = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface MeasuredBudgets {
  reports(): readonly BudgetReport[]
  now(): number
  alone(): boolean
}

/** What happens to requests, as counters. */
export const countRequests = (registry: Registry): BudgetObserver => {
  const labelNames = ['venue', 'priority'] as const
  const spent = new Counter({
    name: 'colibri_venue_budget_spent_total',
    help: 'Cost units of requests sent to a venue by this replica',
    labelNames,
    registers: [registry],
  })
  const waited = new Histogram({
    name: 'colibri_venue_budget_wait_seconds',
    help: 'How long requests waited for their turn',
    labelNames,
    buckets: waits,
    registers: [registry],
  })
  const held = new Counter({
    name: 'colibri_venue_requests_held_total',
    help: 'Requests that were not sent: the budget was used up, or the venue had asked for a pause',
    labelNames: ['venue', 'priority', 'reason'],
    registers: [registry],
  })
  const pauses = new Counter({
    name: 'colibri_venue_pauses_total',
    help: 'Pauses (429) and bans (418) that this replica met first',
    labelNames: ['venue', 'kind'],
    registers: [registry],
  })
  return {
    spent: (venue, priority, cost, waitedMs) => {
      spent.inc({ venue, priority }, cost)
      waited.observe({ venue, priority }, Math.max(0, waitedMs) / 1_000)
    },
    held: (venue, priority, error) => {
      const reason = error instanceof Error && error.name === 'VenueUnavailable' ? 'pause' : 'budget'
      held.inc({ venue, priority, reason })
    },
    changed: (venue, { kind }) => {
      if (kind !== 'open') pauses.inc({ venue, kind })
    },
  }
}

/** How the budgets stand when metrics are read. */
export const measureBudgets = (registry: Registry, budgets: MeasuredBudgets): void => {
  new Gauge({
    name: 'colibri_venue_budget_used_ratio',
    help: 'Share of a venue’s budget that all replicas have taken, 0 to 1',
    labelNames: ['venue'],
    registers: [registry],
    collect() {
      for (const { host, used } of budgets.reports()) if (used !== null) this.set({ venue: host }, used)
    },
  })
  new Gauge({
    name: 'colibri_venue_budget_waiting',
    help: 'Requests of this replica that wait for their turn',
    labelNames: ['venue'],
    registers: [registry],
    collect() {
      for (const { host, waiting } of budgets.reports()) this.set({ venue: host }, waiting)
    },
  })
  new Gauge({
    name: 'colibri_venue_pause_seconds',
    help: 'Seconds until a venue that refuses requests may be tried again, 0 when it does not',
    labelNames: ['venue', 'kind'],
    registers: [registry],
    collect() {
      for (const { host, paused, standing } of budgets.reports()) {
        const left = Math.max(0, standing.until - budgets.now()) / 1_000
        for (const kind of ['throttled', 'banned'] as const) {
          this.set({ venue: host, kind }, paused === kind ? left : 0)
        }
      }
    },
  })
  new Gauge({
    name: 'colibri_venue_budget_alone',
    help: '1 while this replica cannot reach the others and lives on its share',
    registers: [registry],
    collect() {
      this.set(budgets.alone() ? 1 : 0)
    },
  })
}

export const countCutOffs = (registry: Registry): (() => void) => {
  const counter = new Counter({
    name: 'colibri_venue_budget_cut_off_total',
    help: 'Times this replica lost the others and lived on its share',
    registers: [registry],
  })
  return () => counter.inc()
}
