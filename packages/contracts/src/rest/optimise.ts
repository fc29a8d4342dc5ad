import { z } from 'zod'
import { backtestRequest, backtestStatus } from './backtesting.ts'
import { anything, dict, float, integer, list, literal, model, nullable, text } from './types.ts'

/** `/backtesting/optimize`: many backtests of one controller, to find the parameters that do best. */

export const optimiseRequest = backtestRequest.extend({
  /** By field, such as `bb_length` or `triple_barrier_config.take_profit`, a list of values or `{min, max, step?, scale?}`. */
  parameters: dict(anything()),
  method: literal('grid', 'random', 'bayesian').default('grid'),
  /** Of a random or Bayesian search, in each window. */
  trials: integer({ ge: 1, le: 10_000 }).default(100),
  seed: integer({ ge: 0 }).default(0),
  /** Trials that are decided together, before anything is known of each other. */
  round: integer({ ge: 1, le: 64 }).default(8),
  /** A metric of the results, or a weighted sum of them. */
  objective: text({ minLength: 1, maxLength: 1_000 }).default('net_pnl_quote'),
  direction: literal('maximize', 'minimize').default('maximize'),
  constraints: list(text({ minLength: 1, maxLength: 1_000 }), { maxLength: 20 }).default([]),
  /** Ends trials that are behind the median of earlier ones; not before the part `after` of the candles. */
  pruning: nullable(
    model({ after: float({ ge: 0, le: 0.9 }).default(0.3), trials: integer({ ge: 1, le: 1_000 }).default(5) }),
  ),
  walk_forward: nullable(
    model({
      windows: integer({ ge: 1, le: 50 }),
      train_share: float({ ge: 0.1, le: 0.95 }).default(0.7),
      kind: literal('rolling', 'anchored').default('rolling'),
    }),
  ),
})
export type OptimiseRequest = z.infer<typeof optimiseRequest>

export const optimisePath = model({ optimization_id: text() })
export type OptimisePath = z.infer<typeof optimisePath>

export const optimiseQuery = model({
  /** Trials of this window alone. */
  window: nullable(integer({ ge: 0, le: 2_147_483_647 })),
  limit: integer({ ge: 1, le: 1_000 }).default(50),
  offset: integer({ ge: 0 }).default(0),
})
export type OptimiseQuery = z.infer<typeof optimiseQuery>

export const optimiseSubmitted = z.object({
  optimization_id: z.string(),
  status: z.literal('pending'),
  /** There will be so many at the most. */
  trials: z.number(),
})
export type OptimiseSubmitted = z.infer<typeof optimiseSubmitted>

export const optimiseTrial = z.object({
  /** 1 for the best of its window; null for a test. */
  rank: z.number().nullable(),
  window: z.number(),
  number: z.number(),
  state: z.enum(['completed', 'pruned', 'failed']),
  parameters: z.record(z.string(), z.unknown()),
  /** Of the objective. */
  value: z.number().nullable(),
  broken_constraints: z.array(z.string()).readonly(),
  results: z.record(z.string(), z.number()).nullable(),
  /** How far it came, from 0 to 1. */
  progress: z.number(),
  error: z.string().nullable(),
})
export type OptimiseTrial = z.infer<typeof optimiseTrial>

const span = z.object({ start_time: z.number(), end_time: z.number() })

export const optimiseWindow = z.object({
  window: z.number(),
  train: span,
  finished: z.number(),
  /** Null while no trial has run to its end and kept every constraint. */
  best: optimiseTrial.nullable(),
  /** Null without walk-forward. */
  test: span.extend({ result: optimiseTrial.nullable() }).nullable(),
})
export type OptimiseWindow = z.infer<typeof optimiseWindow>

export const optimiseSummary = z.object({
  optimization_id: z.string(),
  status: backtestStatus,
  method: z.enum(['grid', 'random', 'bayesian']),
  objective: z.string(),
  direction: z.enum(['maximize', 'minimize']),
  /** Times are ISO 8601. */
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  error: z.string().nullable(),
  progress: z.object({
    trials: z.number(),
    finished: z.number(),
    completed: z.number(),
    pruned: z.number(),
    failed: z.number(),
    /** From 0 to 1. */
    done: z.number(),
  }),
  /** The best trial of the newest window that has one. */
  best: optimiseTrial.nullable(),
})
export type OptimiseSummary = z.infer<typeof optimiseSummary>

export const optimiseDetail = optimiseSummary.extend({
  /** The request, with every default. */
  request: z.record(z.string(), z.unknown()),
  /** The configuration with the best parameters in it. */
  best_config: z.record(z.string(), z.unknown()).nullable(),
  windows: z.array(optimiseWindow),
  /** What the best parameters made of the tests, one after the other; null without walk-forward or before the first test. */
  out_of_sample: z
    .object({
      tests: z.number(),
      net_pnl_quote: z.number(),
      total_fees_quote: z.number(),
      total_volume: z.number(),
      total_positions: z.number(),
      /** The worst of any test. */
      max_drawdown_pct: z.number(),
      /** Means of the objective, over the windows that have both. */
      train_value: z.number(),
      test_value: z.number(),
    })
    .nullable(),
  /** The best first. */
  trials: z.array(optimiseTrial),
  pagination: z.object({ limit: z.number(), offset: z.number(), total_count: z.number(), has_more: z.boolean() }),
})
export type OptimiseDetail = z.infer<typeof optimiseDetail>

export const optimiseDeleted = z.object({ status: z.enum(['cancelled', 'deleted']), optimization_id: z.string() })
export type OptimiseDeleted = z.infer<typeof optimiseDeleted>
