import type { Candles } from '../../candles.ts'
import type { CloseType, RunnableStatus, Side } from '../../executors/close-type.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import type { Inventory } from '../../positions/inventory.ts'
import type { GridTrail, SimulatedMarket, Simulation } from './simulation.ts'

/** Those that trade on one market, which are all that can be simulated. */
export type SimulatedConfig = Extract<
  ExecutorConfig,
  { type: 'position_executor' | 'dca_executor' | 'grid_executor' | 'order_executor' }
>

/**
 * What all simulations share: who they are, the figures of the row they are on, and how they end. A class and not
 * closures: a backtest makes hundreds of thousands, and steps each of them row by row.
 */
export abstract class SimulatedExecutor<Config extends SimulatedConfig = SimulatedConfig> implements Simulation {
  readonly id: string
  readonly timestamp: number
  readonly config: Config
  readonly side: Side
  /** 1 for what gains when the price rises, -1 for what gains when it falls. */
  protected readonly sign: 1 | -1
  protected readonly candles: Candles
  protected readonly tradeCost: number

  status: RunnableStatus = 'RUNNING'
  isActive = true
  closeType: CloseType | null = null
  closeTimestamp: number | null = null
  netPnlPct = 0
  netPnlQuote = 0
  cumFeesQuote = 0
  filledAmountQuote = 0
  averagePrice = 0
  realizedPnlQuote = 0
  leaves: Inventory | undefined = undefined
  readonly grid: GridTrail | undefined = undefined
  /** The row it is on. */
  protected row: number
  /** The first row on which it had something; -1 before. */
  protected firstFill = -1

  constructor(id: string, config: Config, market: SimulatedMarket, row: number) {
    this.id = id
    this.timestamp = market.candles.timestamp[row] as number
    this.config = config
    this.side = config.side
    this.sign = config.side === 'BUY' ? 1 : -1
    this.candles = market.candles
    this.tradeCost = market.tradeCost
    this.row = row
  }

  abstract advance(row: number): void
  abstract stop(row: number, held: 'keep' | 'close'): void

  get levelId(): string | null {
    return this.config.level_id
  }

  get isTrading(): boolean {
    return this.isActive && this.filledAmountQuote > 0
  }

  get openOrderLastUpdate(): number {
    return this.candles.timestamp[this.firstFill < 0 ? this.row : this.firstFill] as number
  }

  protected end(row: number, closeType: CloseType): void {
    this.status = 'TERMINATED'
    this.isActive = false
    this.closeType = closeType
    this.closeTimestamp = this.candles.timestamp[row] as number
  }
}
