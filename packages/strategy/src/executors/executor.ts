import type { CloseType } from './close-type.ts'
import type { ExecutorConfig } from './executor-config.ts'
import type { RunnableStatus } from './runnable-status.ts'
import type { Side } from './side.ts'

/** An executor as a controller sees it. */
export interface Executor {
  readonly id: string
  /** Seconds; when it was created. */
  readonly timestamp: number
  readonly config: ExecutorConfig
  readonly status: RunnableStatus
  readonly isActive: boolean
  /** It holds something that it means to close. */
  readonly isTrading: boolean
  readonly closeType: CloseType | null
  readonly closeTimestamp: number | null
  readonly netPnlPct: number
  readonly netPnlQuote: number
  readonly cumFeesQuote: number
  readonly filledAmountQuote: number
  /** Null for those on two markets. */
  readonly side: Side | null
  readonly levelId: string | null
  readonly averagePrice: number
  /** Seconds; the last thing that happened to its opening order. */
  readonly openOrderLastUpdate: number
}
