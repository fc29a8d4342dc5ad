import type { RebalanceObstacle, RebalanceOrder, TradingRule } from '@colibri/contracts'
import { Exact } from '../state/valuation.ts'
import { shareOfMoney, sizeOrder } from './plan-account.ts'

export interface Money {
  /** Quote that can be spent now, that is locked, and that the quote token is to keep. */
  readonly available: string
  readonly locked: string
  readonly kept: string
}

export interface BuyTerms {
  readonly quoteToken: string
  readonly feeRate: string
  readonly reserve: string
  readonly minOrderNotional: string
  readonly maxOrderNotional: string | null
  readonly rules: ReadonlyMap<string, TradingRule>
  /** Of now; a pair that is not there counts with the price it was planned with. */
  readonly prices: ReadonlyMap<string, string>
}

export interface SizedBuys {
  readonly buys: readonly RebalanceOrder[]
  readonly obstacles: readonly RebalanceObstacle[]
}

/**
 * The planned buys of one account with the money that is really there once the sells are over: never larger than planned,
 * all made smaller alike when it is too little.
 */
export const sizeBuys = (planned: readonly RebalanceOrder[], money: Money, terms: BuyTerms): SizedBuys => {
  const priceOf = (order: RebalanceOrder) => new Exact(terms.prices.get(order.tradingPair) ?? order.price)
  const withFee = new Exact(terms.feeRate).plus(1)
  const cost = planned.reduce((sum, order) => sum.plus(priceOf(order).times(order.amount).times(withFee)), new Exact(0))
  const share = shareOfMoney(
    cost,
    new Exact(money.available),
    new Exact(money.locked),
    new Exact(money.kept),
    terms.reserve,
  )
  const buys: RebalanceOrder[] = []
  const obstacles: RebalanceObstacle[] = []
  for (const order of planned) {
    const token = order.tradingPair.slice(0, -(terms.quoteToken.length + 1))
    const not = (reason: RebalanceObstacle['reason'], detail: string): void =>
      void obstacles.push({ accountName: order.accountName, token, reason, detail })
    const rule = terms.rules.get(order.tradingPair)
    if (share.isZero()) not('no-funds', `there is no ${terms.quoteToken} to buy it with`)
    else if (rule === undefined) not('no-pair', `there is no market ${order.tradingPair} any more`)
    else {
      const price = priceOf(order)
      const sized = sizeOrder(share.times(order.amount), price, rule, terms)
      if (sized.kind === 'not') not(sized.reason, sized.detail)
      else {
        const notional = sized.amount.times(price)
        buys.push({
          ...order,
          amount: sized.amount.toFixed(),
          price: price.toFixed(),
          notional: notional.toFixed(),
          feeEstimate: notional.times(terms.feeRate).toFixed(),
        })
      }
    }
  }
  return { buys, obstacles }
}
