import { Counter, Gauge, type Registry } from 'prom-client'
import type { OracleReport } from './rate-oracle.ts'

/** Shows how the sources of rates answer. */
export const rateMetrics = (registry: Registry): Pick<OracleReport, 'loaded'> => {
  const requests = new Counter({
    name: 'colibri_rate_source_requests_total',
    help: 'Requests for all prices of a rate source, by outcome',
    labelNames: ['source', 'outcome'],
    registers: [registry],
  })
  const prices = new Gauge({
    name: 'colibri_rate_source_prices',
    help: 'Prices in the newest answer of a rate source',
    labelNames: ['source'],
    registers: [registry],
  })
  const answered = new Gauge({
    name: 'colibri_rate_source_answered_timestamp_seconds',
    help: 'When a rate source answered last',
    labelNames: ['source'],
    registers: [registry],
  })
  return {
    loaded: (source, outcome) => {
      requests.inc({ source, outcome: 'error' in outcome ? 'failed' : 'answered' })
      if ('error' in outcome) return
      prices.set({ source }, outcome.count)
      answered.set({ source }, Date.now() / 1_000)
    },
  }
}
