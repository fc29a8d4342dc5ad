import type { Candles } from '../../candles.ts'
import type { CloseType } from '../../executors/close-type.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import type { RunnableStatus } from '../../executors/runnable-status.ts'
import type { Side } from '../../executors/side.ts'
import type { Inventory } from '../../positions/inventory.ts'
import type { GridTrail, SimulatedMarket, Simulation } from './simulation.ts'

/** Those that trade on one market, which are all that can be simulated. */
export type SimulatedConfig = Extract<
  ExecutorConfig,
  { type: 'position_executor' | 'dca_executor' | 'grid_executor' | 'order_executor' }
>

/**
 * What all simulations share: who they are, the figures of the row they are on, and how they end. A class and not
 * closures: a backtest makes hundreds of thousands, and steps each of them row by row. What can be looked up is not kept:
 * they all live until the backtest is over.
 */
export abstract class SimulatedExecutor<Config extends SimulatedConfig = SimulatedConfig> implements Simulation {
  readonly id: string
  readonly config: Config
  /** 1 for what gains when the price rises, -1 for what gains when it falls. */
  protected readonly sign: 1 | -1
  protected readonly market: SimulatedMarket

  isActive = true
  closeType: CloseType | null = null
  netPnlPct = 0
  netPnlQuote = 0
  cumFeesQuote = 0
  filledAmountQuote = 0
  averagePrice = 0
  leaves: Inventory | undefined = undefined
  readonly grid: GridTrail | undefined = undefined
  /** The row it was created on. */
  private readonly created: number
  /** The row it is on, which is the last one when it has ended. */
  protected row: number
  /** The first row on which it had something; -1 before. */
  protected firstFill = -1

  constructor(id: string, config: Config, market: SimulatedMarket, row: number) {
    this.id = id
    this.config = config
    this.sign = config.side === 'BUY' ? 1 : -1
    this.market = market
    this.created = row
    this.row = row
  }

  abstract get realizedPnlQuote(): number
  abstract advance(row: number): void
  abstract stop(row: number, held: 'keep' | 'close'): void

  protected get candles(): Candles {
    return this.market.candles
  }

  protected get tradeCost(): number {
    return this.market.tradeCost
  }

  get timestamp(): number {
    return this.candles.timestamp[this.created] as number
  }

  get closeTimestamp(): number | null {
    return this.isActive ? null : (this.candles.timestamp[this.row] as number)
  }

  get status(): RunnableStatus {
    return this.isActive ? 'RUNNING' : 'TERMINATED'
  }

  get side(): Side {
    return this.config.side
  }

  get levelId(): string | null {
    return this.config.level_id
  }

  get isTrading(): boolean {
    return this.isActive && this.filledAmountQuote > 0
  }

  /** While nothing is filled, and where a position has taken over all of it, the row it is on. */
  get openOrderLastUpdate(): number {
    return this.candles.timestamp[this.filledAmountQuote > 0 ? this.firstFill : this.row] as number
  }

  protected end(row: number, closeType: CloseType): void {
    this.isActive = false
    this.closeType = closeType
    this.row = row
  }
}
