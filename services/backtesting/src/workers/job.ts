import type {
  AnswerMember,
  BacktestMode,
  Candles,
  Curve,
  Floors,
  PositionHoldReport,
  Results,
  TradingRules,
} from '@colibri/strategy'

/** Whose controller: one of Colibri's own, or a user's, as the text of its file. */
export type ControllerSource =
  | { readonly kind: 'standard'; readonly type: string; readonly name: string }
  | { readonly kind: 'own'; readonly type: string; readonly name: string; readonly source: string }

export interface Market {
  readonly connector_name: string
  readonly trading_pair: string
}

/** A series of candles. What has the same id holds the same candles: a worker that has them is not sent them again. */
export interface Series {
  readonly id: string
  readonly connector: string
  readonly pair: string
  readonly interval: string
  readonly candles: Candles
}

/**
 * What becomes of the answer. `none`: only the figures are wanted. `json`: as it goes to a client, `gzip`: the same to one
 * that takes it compressed. `stored`: in compressed chunks, each of which can be read by itself.
 */
export type AnswerForm = 'none' | 'json' | 'gzip' | 'stored'

/** One backtest, whole: whoever runs it needs nothing else. */
export interface BacktestJob {
  readonly controller: ControllerSource
  /** As the user wrote it; the worker parses it. */
  readonly config: Readonly<Record<string, unknown>>
  readonly market: Market
  /** The traded market's, in the resolution of the backtest. */
  readonly candles: Series
  readonly feeds: readonly Series[]
  /** Seconds, both included: the rows that are traded; what the series have before are for the indicators alone. */
  readonly window: { readonly from: number; readonly to: number }
  readonly rules: TradingRules | undefined
  readonly tradeCost: number
  readonly mode: BacktestMode
  readonly answer: AnswerForm
  /** It is stopped early once its profit is below the floor of a checkpoint. */
  readonly floors?: Floors
  /** Milliseconds it may take; the pool's own limit unless told. */
  readonly timeLimitMs?: number
}

/** A member of the answer, or the columns that reports are made of. */
export type ResultPart = AnswerMember | 'equity'

/** A piece of an answer. A chunk of `whole` belongs to no part: they are one text. */
export interface AnswerChunk {
  readonly part: ResultPart | 'whole'
  readonly bytes: Uint8Array
}

export interface Progress {
  /** From 0 to 1. */
  readonly done: number
  readonly rows: number
  readonly pnlQuote: number
}

export interface RunSummary {
  readonly results: Results
  readonly holds: readonly PositionHoldReport[]
  readonly rows: number
  readonly executors: number
  /** Of the simulation alone, milliseconds. */
  readonly engineMs: number
}

/** What is wrong with one field of a configuration. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[]
  readonly type: string
  readonly msg: string
  readonly input: unknown
  readonly ctx?: Readonly<Record<string, unknown>>
}

export type RunOutcome =
  | { readonly kind: 'completed'; readonly summary: RunSummary; readonly curve: Curve }
  | { readonly kind: 'pruned'; readonly progress: Progress; readonly curve: Curve }
  /** The configuration is wrong. */
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[] }
  /** The controller broke, ran too long, or took too much memory; in words for its author. */
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'cancelled' }

/** What a controller says of a configuration before it is run. */
export type Description =
  | { readonly kind: 'described'; readonly market: Market; readonly feeds: readonly DescribedFeed[] }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[] }
  | { readonly kind: 'failed'; readonly error: string }

export interface DescribedFeed {
  readonly connector: string
  readonly pair: string
  readonly interval: string
  /** Rows its indicators look back. */
  readonly window: number
}
