import { type RateBudgets, rateBudgets } from '@colibri/exchange'
import type { BaseConfig, ServiceKit } from '@colibri/service-kit'
import { countCutOffs, countRequests, measureBudgets } from './budget-metrics.ts'
import { natsStore } from './nats-store.ts'
import { reportStanding } from './venue-events.ts'

export type BudgetKit = Pick<ServiceKit<BaseConfig>, 'nats' | 'log' | 'metrics' | 'logger' | 'background'> & {
  readonly config: Pick<BaseConfig, 'INSTANCE_ID'>
  onShutdown(end: () => void | Promise<void>): void
}

/**
 * The request budgets of one service replica, shared with all replicas of all services behind the same address through
 * NATS. Changes of a venue's standing become events `venue-…`; what is used, waits and is paused becomes metrics.
 */
export const venueBudgets = async (kit: BudgetKit, address: string): Promise<RateBudgets> => {
  const store = await natsStore({
    nats: kit.nats,
    instanceId: kit.config.INSTANCE_ID,
    report: (error, what) => kit.logger.warn({ err: error }, what),
    cutOff: countCutOffs(kit.metrics),
  })
  const stopping = new AbortController()
  kit.onShutdown(async () => {
    stopping.abort()
    await store.stop()
  })
  const count = countRequests(kit.metrics)
  const budgets = rateBudgets({
    store,
    address,
    observer: {
      ...count,
      changed: (host, standing) => {
        count.changed(host, standing)
        const { kind, until } = standing
        if (kind === 'open') kit.logger.info({ host }, 'the venue answers again')
        else kit.logger.warn({ host, kind, until: new Date(until).toISOString() }, 'the venue refuses requests')
        const report = { host, address, standing, time: store.now() }
        kit.background(`recording that ${host} is ${kind}`, reportStanding(kit.log, report, stopping.signal))
      },
    },
  })
  measureBudgets(kit.metrics, {
    reports: budgets.reports,
    now: store.now,
    alone: () => store.reach() === 'alone',
  })
  return budgets
}
