import type { ConnectorPair, ExecutorConfig } from '../executors/executor-config.ts'
import { fillOf, type Inventory } from '../positions/inventory.ts'
import { PositionHold } from '../positions/position-hold.ts'
import type { Positions } from '../positions/positions.ts'
import type { BacktestMode, PositionHoldReport } from './backtest.ts'

/**
 * What the executors of a backtest have left behind, and what it is worth on a row. What they leave waits until it is
 * merged: when that is, the engine decides.
 */
export class Holds {
  /** Of the holds that count: the original forgets what one has made while it holds exactly nothing. */
  realized = 0
  /** Of the open ones, at the last price. */
  unrealized = 0
  /** What is held in either direction, in quote at the last price. */
  long = 0
  short = 0
  /** How many hold something. */
  open = 0
  #positions: Positions = []
  readonly #holds: PositionHold[] = []
  readonly #waiting: { readonly market: ConnectorPair; readonly inventory: Inventory }[] = []

  constructor(private readonly mode: BacktestMode) {}

  /** The open ones; the same list until something is merged. */
  get positions(): Positions {
    return this.#positions
  }

  queue(config: ExecutorConfig, inventory: Inventory): void {
    if ('trading_pair' in config) this.#waiting.push({ market: config, inventory })
  }

  merge(): void {
    if (this.#waiting.length === 0) return
    for (const { market, inventory } of this.#waiting) this.#holdOf(market).add(fillOf(inventory))
    this.#waiting.length = 0
    this.#positions = this.#holds.filter(({ isOpen }) => isOpen).map(({ summary }) => summary)
    this.open = this.#positions.length
  }

  valueAt(price: number): void {
    if (this.#holds.length === 0) return
    let [realized, unrealized, long, short] = [0, 0, 0, 0]
    for (const hold of this.#holds) {
      const { summary, isOpen } = hold
      if (isOpen || this.mode === 'realistic') realized += summary.realizedPnlQuote
      if (this.mode === 'realistic') realized -= summary.cumFeesQuote
      if (!isOpen) continue
      hold.valueAt(price)
      unrealized += summary.unrealizedPnlQuote
      if (summary.side === 'BUY') long += summary.amount * price
      else short += summary.amount * price
    }
    this.realized = realized
    this.unrealized = unrealized
    this.long = long
    this.short = short
  }

  /** What all of them have made, the closed ones too; fees not counted. */
  get realizedOfAll(): number {
    return this.#holds.reduce((total, { summary }) => total + summary.realizedPnlQuote, 0)
  }

  reports(): readonly PositionHoldReport[] {
    return this.#holds.map((hold) => ({
      connector_name: hold.market.connector_name,
      trading_pair: hold.market.trading_pair,
      buyAmountBase: hold.buyBase,
      buyAmountQuote: hold.buyQuote,
      sellAmountBase: hold.sellBase,
      sellAmountQuote: hold.sellQuote,
      netAmountBase: hold.net.toNumber(),
      averageEntryPrice: hold.averagePrice.toNumber(),
      realizedPnlQuote: hold.summary.realizedPnlQuote,
      cumFeesQuote: hold.summary.cumFeesQuote,
      volumeTradedQuote: hold.summary.volumeTradedQuote,
      isClosed: !hold.isOpen,
      executors: hold.fills,
    }))
  }

  #holdOf({ connector_name, trading_pair }: ConnectorPair): PositionHold {
    const found = this.#holds.find(
      ({ market }) => market.trading_pair === trading_pair && market.connector_name === connector_name,
    )
    if (found !== undefined) return found
    const hold = new PositionHold({ connector_name, trading_pair })
    this.#holds.push(hold)
    return hold
  }
}
