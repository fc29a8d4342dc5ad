import type { RebalanceAccount, RebalanceObstacle, RebalanceOrder, TokenBalance, TradingRule } from '@colibri/contracts'
import type { Decimal } from 'decimal.js'
import { Exact } from '../state/valuation.ts'

/** What is known of the connector's markets and of what the request wants. Amounts are decimal text. */
export interface RebalanceTerms {
  readonly quoteToken: string
  /** By token, the quote token with all that is left of 1. */
  readonly weights: ReadonlyMap<string, string>
  readonly excluded: ReadonlySet<string>
  readonly rules: ReadonlyMap<string, TradingRule>
  /** Quote per base, by pair. */
  readonly prices: ReadonlyMap<string, string>
  readonly feeRate: string
  readonly reserve: string
  readonly minOrderNotional: string
  /** The smallest limit of the guards on one order of the account, in the quote token; null: none. */
  readonly maxOrderNotional: string | null
}

export type PlannedOrder = Omit<RebalanceOrder, 'index'>

export interface AccountPlan {
  readonly account: RebalanceAccount
  readonly sells: readonly PlannedOrder[]
  readonly buys: readonly PlannedOrder[]
  readonly obstacles: readonly RebalanceObstacle[]
}

const WEIGHT_DECIMALS = 12
const zero = new Exact(0)

const text = (value: Decimal): string => (value.isZero() ? '0' : value.toFixed())

/** Down to a multiple of the increment. */
const quantise = (value: Decimal, increment: string): Decimal => {
  const step = new Exact(increment)
  return step.lte(0) ? value : value.divToInt(step).times(step)
}

/** Why an order of this size cannot be, or the size it can have. */
type Sized =
  | { readonly kind: 'fits'; readonly amount: Decimal; readonly cut: string | undefined }
  | { readonly kind: 'not'; readonly reason: RebalanceObstacle['reason']; readonly detail: string }

/** An amount as the venue and the guards take it. */
export const sizeOrder = (
  wanted: Decimal,
  price: Decimal,
  rule: TradingRule,
  terms: Pick<RebalanceTerms, 'minOrderNotional' | 'maxOrderNotional' | 'quoteToken'>,
): Sized => {
  const { quoteToken } = terms
  const most = rule.maxOrderSize === null ? wanted : Exact.min(wanted, rule.maxOrderSize)
  const amount = quantise(most, rule.minBaseAmountIncrement)
  const notional = amount.times(price)
  const not = (reason: RebalanceObstacle['reason'], detail: string): Sized => ({ kind: 'not', reason, detail })
  if (amount.lte(0) || amount.lt(rule.minOrderSize))
    return not('dust', `${text(wanted)} is below the minimum order size ${rule.minOrderSize} of ${rule.tradingPair}`)
  const least = Exact.max(rule.minNotionalSize, terms.minOrderNotional)
  if (notional.lt(least))
    return not(
      'dust',
      `${text(notional)} ${quoteToken} is below the minimum notional ${text(least)} of ${rule.tradingPair}`,
    )
  if (terms.maxOrderNotional !== null && notional.gt(terms.maxOrderNotional))
    return not(
      'guard',
      `${text(notional)} ${quoteToken} is above the guard's limit of ${terms.maxOrderNotional} for one order`,
    )
  const cut = most.lt(wanted) ? `the venue takes ${rule.maxOrderSize} in one order of ${rule.tradingPair}` : undefined
  return { kind: 'fits', amount, cut }
}

interface Holding {
  readonly token: string
  readonly units: Decimal
  readonly available: Decimal
  readonly price: Decimal
  readonly rule: TradingRule | undefined
  readonly target: Decimal
}

/**
 * The orders that bring one account's spot holdings to the weights at these prices. Weights are of everything that has a
 * price; what cannot be sold or bought is named with its reason. Sells never take more than is available; buys together,
 * with their fees, never more than the quote at hand and to come, less the reserve and less what the quote token itself
 * is to keep: when that is too little all are made smaller alike.
 */
export const planAccount = (
  accountName: string,
  balances: readonly TokenBalance[],
  terms: RebalanceTerms,
): AccountPlan => {
  const { quoteToken, weights, excluded, rules, prices } = terms
  const obstacles: RebalanceObstacle[] = []
  const obstacle = (token: string, reason: RebalanceObstacle['reason'], detail: string): void =>
    void obstacles.push({ accountName, token, reason, detail })

  const held = new Map(balances.map((balance) => [balance.token, balance]))
  const names = new Set([...held.keys(), ...weights.keys(), quoteToken])
  const holdings: Holding[] = []
  for (const token of names) {
    const units = new Exact(held.get(token)?.total ?? 0)
    const target = new Exact(weights.get(token) ?? 0)
    if (excluded.has(token) || (token !== quoteToken && units.isZero() && target.isZero())) continue
    const pair = `${token}-${quoteToken}`
    const price = token === quoteToken ? '1' : prices.get(pair)
    if (token !== quoteToken && !rules.has(pair)) {
      obstacle(token, 'no-pair', `there is no market ${pair}: it is neither counted nor traded`)
      continue
    }
    if (price === undefined) {
      obstacle(token, 'no-price', `nobody knows a price of ${pair}: it is neither counted nor traded`)
      continue
    }
    const available = new Exact(held.get(token)?.available ?? 0)
    holdings.push({ token, units, available, price: new Exact(price), rule: rules.get(pair), target })
  }
  const total = holdings.reduce((sum, { units, price }) => sum.plus(units.times(price)), zero)
  const quote = holdings.find(({ token }) => token === quoteToken)
  const feeRate = new Exact(terms.feeRate)

  const orderOf = (
    tradeType: 'BUY' | 'SELL',
    { token, price }: Holding,
    rule: TradingRule,
    amount: Decimal,
  ): PlannedOrder => ({
    accountName,
    tradingPair: `${token}-${quoteToken}`,
    tradeType,
    amount: text(amount),
    price: text(price),
    notional: text(amount.times(price)),
    feeEstimate: text(amount.times(price).times(feeRate)),
    minOrderSize: rule.minOrderSize,
    minNotionalSize: rule.minNotionalSize,
  })
  const order = (tradeType: 'BUY' | 'SELL', holding: Holding, wanted: Decimal): PlannedOrder[] => {
    const { rule } = holding
    if (rule === undefined) return []
    // Finer than the venue's increment no weight can be.
    if (!holding.target.isZero() && quantise(wanted, rule.minBaseAmountIncrement).isZero()) return []
    const sized = sizeOrder(wanted, holding.price, rule, terms)
    if (sized.kind === 'not') {
      obstacle(holding.token, sized.reason, sized.detail)
      return []
    }
    if (sized.cut !== undefined) obstacle(holding.token, 'max-order-size', sized.cut)
    return [orderOf(tradeType, holding, rule, sized.amount)]
  }
  const excess = ({ units, price, target }: Holding): Decimal =>
    target.isZero() ? units : units.minus(target.times(total).div(price))

  const others = holdings.filter(({ token }) => token !== quoteToken)
  const sells = others.flatMap((holding) => {
    const surplus = excess(holding)
    if (surplus.lte(0)) return []
    if (surplus.gt(holding.available)) {
      const locked = surplus.minus(holding.available)
      obstacle(holding.token, 'locked', `${text(locked)} ${holding.token} to sell are locked in open orders`)
    }
    const wanted = Exact.min(surplus, holding.available)
    return wanted.isZero() ? [] : order('SELL', holding, wanted)
  })

  const proceeds = sells.reduce((sum, { notional }) => sum.plus(new Exact(notional).times(feeRate.neg().plus(1))), zero)
  const wants = others
    .map((holding) => ({ holding, wanted: excess(holding).neg() }))
    .filter(({ wanted }) => wanted.gt(0))
  const cost = wants.reduce(
    (sum, { holding, wanted }) => sum.plus(wanted.times(holding.price).times(feeRate.plus(1))),
    zero,
  )
  const share = shareOfMoney(
    cost,
    (quote?.available ?? zero).plus(proceeds),
    (quote?.units ?? zero).minus(quote?.available ?? zero),
    (quote?.target ?? zero).times(total),
    terms.reserve,
  )
  const buys = wants.flatMap(({ holding, wanted }) => {
    if (share.isZero()) obstacle(holding.token, 'no-funds', `there is no ${quoteToken} to buy it with`)
    return share.isZero() ? [] : order('BUY', holding, wanted.times(share))
  })

  const spent = buys.reduce((sum, { notional }) => sum.plus(new Exact(notional).times(feeRate.plus(1))), zero)
  const moved = new Map<string, Decimal>([[quoteToken, proceeds.minus(spent)]])
  for (const each of [...sells, ...buys]) {
    const token = each.tradingPair.slice(0, -(quoteToken.length + 1))
    moved.set(token, each.tradeType === 'BUY' ? new Exact(each.amount) : new Exact(each.amount).neg())
  }
  const valueAfter = ({ token, units, price }: Holding): Decimal => units.plus(moved.get(token) ?? 0).times(price)
  const totalAfter = holdings.reduce((sum, holding) => sum.plus(valueAfter(holding)), zero)
  const fraction = (part: Decimal, whole: Decimal): string =>
    whole.isZero() ? '0' : text(part.div(whole).toDecimalPlaces(WEIGHT_DECIMALS))
  return {
    account: {
      accountName,
      total: text(total),
      tokens: holdings.map((holding) => ({
        token: holding.token,
        units: text(holding.units),
        available: text(holding.available),
        price: text(holding.price),
        value: text(holding.units.times(holding.price)),
        weight: fraction(holding.units.times(holding.price), total),
        target: text(holding.target),
        after: fraction(valueAfter(holding), totalAfter),
      })),
    },
    sells,
    buys,
    obstacles,
  }
}

/**
 * Which share of what the buys would cost can be paid: of the quote at hand less the reserve, and leaving the quote token
 * its own weight, to which what is locked of it counts.
 */
export const shareOfMoney = (
  cost: Decimal,
  atHand: Decimal,
  locked: Decimal,
  kept: Decimal,
  reserve: string,
): Decimal => {
  if (cost.isZero()) return zero
  const spendable = Exact.min(atHand.times(new Exact(1).minus(reserve)), atHand.plus(locked).minus(kept))
  return Exact.max(0, Exact.min(1, spendable.div(cost)))
}
