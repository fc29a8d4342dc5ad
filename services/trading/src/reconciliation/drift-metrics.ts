import type { DriftKind } from '@colibri/contracts'
import { Counter, type Registry } from 'prom-client'

export type LookOutcome = 'agrees' | 'drifted' | 'undecided' | 'no-verdict'

export interface DriftMetrics {
  drifted(connectorName: string, kind: DriftKind): void
  looked(connectorName: string, outcome: LookOutcome): void
}

export const createDriftMetrics = (registry: Registry): DriftMetrics => {
  const registers = [registry]
  const drifts = new Counter({
    name: 'colibri_drifts_total',
    help: 'Differences between the log and a venue that were announced',
    labelNames: ['connector', 'kind'],
    registers,
  })
  const looks = new Counter({
    name: 'colibri_reconciliations_total',
    help: 'Comparisons of an account with its venue as a whole, by what they came to',
    labelNames: ['connector', 'outcome'],
    registers,
  })
  return {
    drifted: (connector, kind) => drifts.inc({ connector, kind }),
    looked: (connector, outcome) => looks.inc({ connector, outcome }),
  }
}
