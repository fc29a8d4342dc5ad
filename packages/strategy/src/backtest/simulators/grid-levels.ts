import type { TradingRules } from '../../controllers/controller.ts'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import { minus, nearest, over, type Price, plus, times } from '../../numbers/exact.ts'
import { Decimal, everyDigitOf } from '../../positions/decimal.ts'
import { UnsupportedExecutor } from './simulation.ts'

/** The prices of a grid, lowest first, and what is traded at each. */
export interface GridLevels {
  readonly prices: readonly number[]
  /** At each level. */
  readonly amountQuote: number
  /** Of a level's price. */
  readonly takeProfit: number
}

const MINIMUM_NOTIONAL = 5
/** What an order is larger than the smallest one, so that rounding leaves it large enough. */
const MARGIN = new Decimal('1.05')

/** A price as the decimal it was written as; one that is a double counts with all its digits. */
const decimalOf = (price: Price): Decimal =>
  typeof price === 'number' ? everyDigitOf(price) : everyDigitOf(price.hi).plus(everyDigitOf(price.lo))

const largest = (a: Decimal, b: Decimal): Decimal => (a.lessThan(b) ? b : a)

/** What is traded at a level. */
interface Share {
  readonly least: Decimal
  /** Given how many levels their distance allows. */
  readonly amountAt: (levels: Decimal) => Decimal
}

/**
 * How a grid divides its range and its money: as many levels as its spread and the smallest order allow. In decimals,
 * since a count that is cut off depends on the last digit.
 * @throws {UnsupportedExecutor} where the original divides by zero, and without a take profit, which each level needs.
 */
export const gridLevels = (
  config: GridExecutorConfig,
  firstClose: number,
  rules: TradingRules | undefined,
): GridLevels => {
  const { take_profit } = config.triple_barrier_config
  if (take_profit === null) throw new UnsupportedExecutor('grid_executor: a grid needs a take profit')
  const mid = new Decimal(firstClose)
  const total = new Decimal(config.total_amount_quote)
  const [start, end] = [decimalOf(config.start_price), decimalOf(config.end_price)]
  const range = end.minus(start).div(start)
  const spread = new Decimal(config.min_spread_between_orders ?? 0)
  const least = new Decimal(config.min_order_amount_quote ?? 0)
  const share = rules === undefined ? plainShare(least, mid, total) : ruledShare(least, mid, total, rules)
  const step = rules === undefined ? spread : largest(spread, new Decimal(rules.min_price_increment).div(mid))
  const possible = total.div(share.least).trunc()
  let count = 1
  let amount = share.least
  if (!possible.isZero()) {
    const apart = step.isZero() ? possible : Decimal.min(possible, range.div(step).trunc())
    if (apart.isZero())
      throw new UnsupportedExecutor('grid_executor: the range has no room for one spread between orders')
    amount = share.amountAt(apart)
    // In doubles, as the original does it: a level may be lost to a last digit.
    count = Math.max(1, Math.min(apart.toNumber(), Math.trunc(config.total_amount_quote / amount.toNumber())))
  }
  const between = count > 1 ? range.div(count - 1) : range
  const profit = new Decimal(take_profit)
  return {
    prices: pricesOf(config, count),
    amountQuote: amount.toNumber(),
    takeProfit: (config.coerce_tp_to_step ? largest(between, profit) : profit).toNumber(),
  }
}

const plainShare = (leastOrder: Decimal, mid: Decimal, total: Decimal): Share => {
  const least = largest(leastOrder, new Decimal(MINIMUM_NOTIONAL)).times(MARGIN).div(mid).times(mid)
  return { least, amountAt: (levels) => largest(total.div(levels), least) }
}

/** Amounts are whole multiples of the smallest one; the original counts these in doubles. */
const ruledShare = (leastOrder: Decimal, mid: Decimal, total: Decimal, rules: TradingRules): Share => {
  const increment = new Decimal(rules.min_base_amount_increment)
  const notional = largest(leastOrder, new Decimal(rules.min_notional_size))
  const multiples = Math.ceil(notional.toNumber() / increment.times(mid).toNumber())
  const rough = largest(notional.times(MARGIN).div(mid), increment.times(multiples))
  const leastBase = increment.times(Math.ceil(rough.toNumber() / increment.toNumber()))
  return {
    least: leastBase.times(mid),
    amountAt: (levels) => {
      const base = total.div(mid.times(levels)).toNumber()
      return largest(leastBase, increment.times(Math.floor(base / increment.toNumber()))).times(mid)
    },
  }
}

/** From the start to the end, both of them levels; one alone lies in the middle. */
const pricesOf = ({ start_price, end_price }: GridExecutorConfig, count: number): readonly number[] => {
  if (count === 1) return [nearest(over(plus(start_price, end_price), 2))]
  const [start, end] = [nearest(start_price), nearest(end_price)]
  const width = minus(end, start)
  return Array.from({ length: count }, (_, level) => nearest(plus(start, over(times(width, level), count - 1))))
}
