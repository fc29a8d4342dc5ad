import { z } from 'zod'
import { backtestSpec } from './backtest.ts'
import type { EventOf } from './event-of.ts'

/** What a search is: a backtest, the fields of its configuration that are tried, and what is looked for. */
export const optimisationSpec = z.object({
  backtest: backtestSpec,
  /** By field a list of values, or a range; as they were asked for. */
  parameters: z.record(z.string(), z.unknown()),
  method: z.enum(['grid', 'random', 'bayesian']),
  /** Asked for by a random or Bayesian search, for each window. */
  trials: z.number().int(),
  seed: z.number().int(),
  /** Trials that are decided together. */
  round: z.number().int(),
  objective: z.string(),
  direction: z.enum(['maximize', 'minimize']),
  constraints: z.array(z.string()),
  /** Null: every trial runs to its end. */
  pruning: z.object({ after: z.number(), trials: z.number().int() }).nullable(),
  /** Null: one search over the whole time. */
  walkForward: z
    .object({ windows: z.number().int(), trainShare: z.number(), kind: z.enum(['rolling', 'anchored']) })
    .nullable(),
})
export type OptimisationSpec = Readonly<z.infer<typeof optimisationSpec>>

const figures = z.record(z.string(), z.number())

export const trialOutcome = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('completed'),
    /** Of the objective. */
    value: z.number(),
    /** Constraints that are not held, and how far they are away, as parts of their bounds. */
    broken: z.array(z.string()),
    distance: z.number(),
  }),
  z.object({ state: z.literal('pruned'), progress: z.number(), pnlQuote: z.number() }),
  z.object({ state: z.literal('failed'), error: z.string() }),
])

const trial = z.object({
  /** Counted from 0; of a search over the whole time 0. */
  window: z.number().int(),
  /** Counted from 0 in each window. */
  number: z.number().int(),
  parameters: z.record(z.string(), z.unknown()),
  outcome: trialOutcome,
  /** The numbers among the contract's figures; null unless it ran to its end. */
  figures: figures.nullable(),
})

export const optimisationEvents = {
  OptimisationSubmitted: z.object({
    optimisationId: z.string(),
    spec: optimisationSpec,
    /** Trials there will be at the most, over all windows. */
    trials: z.number().int(),
  }),
  /** Once: whoever goes on after a crash goes on with the trials that are not finished. */
  OptimisationStarted: z.object({ instanceId: z.string() }),
  OptimisationCompleted: z.object({}),
  OptimisationFailed: z.object({ error: z.string() }),
  OptimisationCancelled: z.object({}),
  /** Forgotten with its trials. */
  OptimisationDeleted: z.object({}),
} as const

export type OptimisationEvent = EventOf<typeof optimisationEvents>

/** What a search found. In a stream of its own: it grows fast, and decides nothing about the search. */
export const trialEvents = {
  TrialFinished: trial.extend({
    /** Profit and loss at each tenth of the candles, as far as it came: later trials are compared with it. */
    curve: z.array(z.number()),
  }),
  /** The best parameters of a window, judged on the time after it. */
  WindowTested: trial,
} as const

export type TrialEvent = EventOf<typeof trialEvents>

/** The work queue: a search waits here until a replica has run it. */
export const optimisationQueued = z.object({ optimisationId: z.string() })
/** Core NATS, between replicas: whoever runs it stops. */
export const optimisationCancel = z.object({ optimisationId: z.string() })

/** The stream of one search. */
export const optimisationStream = (optimisationId: string): string => `optimisation-${optimisationId}`
/** The stream of its trials. */
export const trialStream = (optimisationId: string): string => `trial-${optimisationId}`
