import type { CandleFeed, Candles } from '../candles.ts'
import type { TradingRules, World } from '../controllers/controller.ts'
import type { ConnectorPair } from '../executors/executor-config.ts'
import { type Exact, exactOf, minus, nearest, over, type Price, times } from '../numbers/exact.ts'
import type { Positions } from '../positions/positions.ts'
import type { BacktestMode } from './backtest.ts'
import type { Prepared } from './prepare.ts'
import { countUpTo, mapColumns, spacing } from './rows.ts'
import type { Simulation } from './simulators/simulation.ts'

/** What the controller sees of a backtest. The engine moves it from row to row; nothing is made on a row where nothing happens. */
export class BacktestWorld implements World {
  now = 0
  positions: Positions = []
  readonly active: Simulation[] = []
  readonly finished: Simulation[] = []
  #row = 0
  #close = 0
  /** The feature that was asked for last: most controllers have one. */
  #column = ''
  #values: Float64Array | undefined
  readonly #seen = new Map<string, Seen | undefined>()
  readonly #priceStep: Exact
  readonly #amountStep: Exact

  constructor(
    readonly mode: BacktestMode,
    private readonly prepared: Prepared,
    private readonly market: ConnectorPair,
    private readonly marketRules: TradingRules | undefined,
  ) {
    this.#priceStep = exactOf(marketRules?.min_price_increment ?? 0)
    this.#amountStep = exactOf(marketRules?.min_base_amount_increment ?? 0)
  }

  /** Goes on to a row of the prepared candles. */
  go(row: number, now: number, close: number): void {
    this.#row = row
    this.#close = close
    this.now = now
  }

  mid(market: ConnectorPair): number {
    return this.#isTraded(market) ? this.#close : 1
  }

  rules(market: ConnectorPair): TradingRules | undefined {
    return this.#isTraded(market) ? this.marketRules : undefined
  }

  quantizeAmount(market: ConnectorPair, amount: number): number {
    return this.#isTraded(market) ? flooredTo(this.#amountStep, amount) : amount
  }

  quantizePrice(market: ConnectorPair, price: Price): number {
    return this.#isTraded(market) ? flooredTo(this.#priceStep, price) : nearest(price)
  }

  rate(asset: string, inAsset: string): number {
    return this.market.trading_pair === `${asset}-${inAsset}` ? this.#close : 1
  }

  gasToken(): undefined {
    return undefined
  }

  balance(): number {
    return 0
  }

  venuePosition(): undefined {
    return undefined
  }

  positionMode(): undefined {
    return undefined
  }

  feature(column: string): number {
    if (column !== this.#column) {
      this.#column = column
      this.#values = this.prepared.processed.columns.get(column)
    }
    return this.#values?.[this.#row] ?? Number.NaN
  }

  candles(feed: CandleFeed): Candles | undefined {
    const key = `${feed.connector} ${feed.pair} ${feed.interval}`
    if (!this.#seen.has(key)) this.#seen.set(key, this.#firstSight(feed))
    const seen = this.#seen.get(key)
    if (seen === undefined) return undefined
    const rows = countUpTo(seen.all.timestamp, this.now - seen.delay)
    if (rows !== seen.known.length) seen.known = mapColumns(seen.all, (column) => column.subarray(0, rows))
    return rows === 0 ? undefined : seen.known
  }

  #firstSight(feed: CandleFeed): Seen | undefined {
    const all = this.prepared.feed(feed)
    if (all === undefined) return undefined
    const delay = this.mode === 'hummingbot' ? 0 : spacing(all.timestamp) - this.prepared.resolution
    return { all, delay: Number.isFinite(delay) ? delay : 0, known: mapColumns(all, (column) => column.subarray(0, 0)) }
  }

  #isTraded(market: ConnectorPair): boolean {
    return market.trading_pair === this.market.trading_pair && market.connector_name === this.market.connector_name
  }
}

/** A feed, how long after its opening a candle is known, and the rows known by now. */
interface Seen {
  readonly all: Candles
  readonly delay: number
  known: Candles
}

/** The largest multiple of a step that is not above a value; the value itself without a step. */
const flooredTo = (step: Exact, value: Price): number => {
  let count = Math.floor(nearest(over(value, step)))
  if (step.hi === 0 || !Number.isFinite(count)) return nearest(value)
  // The quotient is rounded: the multiple itself decides.
  while (minus(times(step, count), value).hi > 0) count--
  while (minus(times(step, count + 1), value).hi <= 0) count++
  return nearest(times(step, count))
}
