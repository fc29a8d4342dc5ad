import { mustAgree } from '../agreement.ts'
import { startColibri } from '../colibri.ts'
import { crashRun } from '../crash-run.ts'
import { bounded, type Fault, median } from './fault.ts'

const VICTIMS = ['gateway', 'trading', 'market-data', 'portfolio', 'nats', 'postgres']

/** One round kills each part once. */
export const r1: Fault = {
  title: 'kill -9 of every part in turn, under 50 orders a second',
  run: async ({ rounds, say, colibri: running }) => {
    const colibri = running ?? (await startColibri())
    try {
      const report = await crashRun(colibri, { victims: VICTIMS, killsEach: rounds, ordersPerSecond: 50, say })
      mustAgree(report)
      const recovery = Object.entries(report.recoveryMs).flatMap(([victim, times]) => [
        [`${victim}: ready again, median ms`, median(times)] as const,
        [`${victim}: ready again, slowest ms`, bounded(Math.max(...times), 5_000)] as const,
      ])
      return {
        kills: report.kills,
        'orders acknowledged': report.acknowledged,
        'attempts repeated': report.retries,
        events: report.events,
        'lost, sent twice, unresolved, differing': 0,
        ...Object.fromEntries(recovery),
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
