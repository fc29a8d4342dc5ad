import type { ConnectorPair } from '../executors/executor-config.ts'
import type { Side } from '../executors/side.ts'

/** What executors left behind on one market, as a controller sees it. */
export interface PositionSummary extends ConnectorPair {
  readonly side: Side
  /** Base, without a sign. */
  readonly amount: number
  readonly breakevenPrice: number
  readonly unrealizedPnlQuote: number
  readonly realizedPnlQuote: number
  readonly cumFeesQuote: number
  readonly volumeTradedQuote: number
}

export type Positions = readonly PositionSummary[]
