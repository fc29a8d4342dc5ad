import { z } from 'zod'
import type { EventOf } from './event-of.ts'

/** Candles that came with the request: kept apart from the log, under the hash of what they hold. */
export const uploadedSeries = z.object({
  connectorName: z.string(),
  tradingPair: z.string(),
  interval: z.string(),
  uploadId: z.string(),
})
export type UploadedSeries = z.infer<typeof uploadedSeries>

/** What a backtest is run with: all of it that can be said in a few words. */
export const backtestSpec = z.object({
  /** Seconds, both ends included. */
  startTime: z.number().int(),
  endTime: z.number().int(),
  resolution: z.string(),
  /** Of a trade's value, on one side. */
  tradeCost: z.number(),
  mode: z.enum(['hummingbot', 'realistic']),
  /** The controller's configuration: of a stored one, as it was when it was asked for. */
  config: z.record(z.string(), z.unknown()),
  /** The stored configuration's name; null for one that came with the request. */
  configName: z.string().nullable(),
  uploads: z.array(uploadedSeries),
})
export type BacktestSpec = Readonly<z.infer<typeof backtestSpec>>

/** The figures under the contract's names. */
export const backtestFigures = z.record(z.string(), z.union([z.number(), z.record(z.string(), z.number())]))

export const backtestEvents = {
  BacktestSubmitted: z.object({ taskId: z.string(), spec: backtestSpec }),
  /** Once for each attempt: a service that dies leaves its tasks to be run again, by whoever comes first. */
  BacktestStarted: z.object({ attempt: z.number().int(), instanceId: z.string() }),
  /** The results of this attempt are stored. */
  BacktestCompleted: z.object({
    attempt: z.number().int(),
    figures: backtestFigures,
    rows: z.number().int(),
    executors: z.number().int(),
    /** Of the simulation alone. */
    engineMs: z.number(),
  }),
  BacktestFailed: z.object({ error: z.string() }),
  BacktestCancelled: z.object({}),
  /** Forgotten with its results: asked for, or to make room for newer ones. */
  BacktestDeleted: z.object({ reason: z.enum(['asked', 'room']) }),
} as const

export type BacktestEvent = EventOf<typeof backtestEvents>

/** The stream of one task. */
export const backtestStream = (taskId: string): string => `backtest-${taskId}`

/** Core NATS: `backtests.progress.<task id>`, some times a second while a task runs. */
export const backtestProgress = z.object({
  taskId: z.string(),
  /** From 0 to 1. */
  done: z.number(),
  rows: z.number(),
  pnlQuote: z.number(),
})
/** Core NATS, between replicas: whoever runs it stops. */
export const backtestCancel = z.object({ taskId: z.string() })
/** The work queue: a task waits here until a replica has run it. */
export const backtestQueued = z.object({ taskId: z.string() })
