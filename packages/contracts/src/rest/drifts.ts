import { z } from 'zod'
import { driftKind, driftRepair } from '../events/drift.ts'
import { integer, literal, model, nullable, text } from './types.ts'

/** `/trading/drifts`, `/trading/reconcile`: where the log and a venue disagreed. */

export const driftsRequest = model({
  limit: integer({ ge: 1, le: 1000 }).default(100),
  cursor: nullable(text()),
  account_name: nullable(text()),
  connector_name: nullable(text()),
  kind: nullable(literal('order', 'fill', 'external-order', 'balance', 'position')),
})
export type DriftsRequest = z.infer<typeof driftsRequest>

export const driftRow = z.object({
  /** Id of the event. */
  drift_id: z.string(),
  account_name: z.string(),
  connector_name: z.string(),
  kind: driftKind,
  subject: z.string(),
  trading_pair: z.string().nullable(),
  ours: z.string().nullable(),
  venue: z.string(),
  difference: z.string().nullable(),
  repair: driftRepair,
  detected_at: z.string(),
})
export type DriftRow = z.infer<typeof driftRow>

export const driftsPage = z.object({
  data: z.array(driftRow),
  pagination: z.object({
    limit: z.number(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    total_count: z.number(),
  }),
})
export type DriftsPage = z.infer<typeof driftsPage>

/** Without a connector: all of the account. */
export const reconcileRequest = model({ account_name: text(), connector_name: nullable(text()) })
export type ReconcileRequest = z.infer<typeof reconcileRequest>

export const reconcileResponse = z.object({
  results: z.array(
    z.object({
      account_name: z.string(),
      connector_name: z.string(),
      /** `undecided`: something differs, and may yet be explained. `no-verdict`: the venue could not be asked. */
      outcome: z.enum(['agrees', 'drifted', 'undecided', 'no-verdict']),
      /** Why there is no verdict; null otherwise. */
      reason: z.string().nullable(),
      /** Announced by this look. */
      drifts: z.array(driftRow.omit({ drift_id: true, detected_at: true })),
      undecided: z.array(driftRow.pick({ kind: true, subject: true, trading_pair: true, ours: true, venue: true })),
    }),
  ),
})
export type ReconcileResponse = z.infer<typeof reconcileResponse>
