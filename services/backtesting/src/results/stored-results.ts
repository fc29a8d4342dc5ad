import type { BacktestSpec } from '@colibri/contracts'
import type { AnswerMember } from '@colibri/strategy'

/** One column a row of the backtest. */
export interface EquityColumns {
  readonly length: number
  /** Seconds. */
  readonly timestamp: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly executorRealized: Float64Array
  readonly positionRealized: Float64Array
  readonly positionUnrealized: Float64Array
  readonly total: Float64Array
  readonly activeExecutors: Float64Array
  readonly cumulativeVolume: Float64Array
  /** What the active executors would bring if they ended now. */
  readonly executorUnrealized: Float64Array
}

/** The result of a completed task, read part by part. */
export interface StoredResult {
  readonly taskId: string
  readonly spec: BacktestSpec
  /** The figures under the contract's names. */
  readonly figures: Readonly<Record<string, unknown>>
  readonly completedAt: number
  /** What a member of the REST answer holds, as JSON text without its brackets, in chunks. */
  text(member: AnswerMember): AsyncGenerator<string>
  /** The executors as REST shows them, some hundred at a time. */
  executors(): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]>
  equity(): Promise<EquityColumns>
}

export type ReadResult = (
  taskId: string,
) => Promise<
  | { readonly kind: 'stored'; readonly result: StoredResult }
  | { readonly kind: 'unfinished'; readonly status: string }
  | { readonly kind: 'unknown' }
>
