import type { RebalanceObstacle, RebalanceOrder, RebalancePlan, RebalanceResponse } from '@colibri/contracts'
import type { Prepared } from './prepare-rebalance.ts'
import type { OrderProgress, RunningRebalance } from './rebalance.ts'

type OrderView = RebalanceResponse['orders'][number]
type Progress = Pick<OrderView, 'status' | 'client_order_id' | 'filled_amount' | 'reason'>

const untouched: Progress = { status: 'planned', client_order_id: null, filled_amount: null, reason: null }

const progressView = (progress: OrderProgress | undefined): Progress => {
  switch (progress?.kind) {
    case undefined:
    case 'planned':
      return untouched
    case 'placed':
      return { ...untouched, status: 'placed', client_order_id: progress.clientOrderId }
    case 'refused':
      return { ...untouched, status: 'refused', reason: progress.reason }
    case 'finished':
      return {
        status: progress.status,
        client_order_id: progress.clientOrderId,
        filled_amount: progress.filledAmount,
        reason: null,
      }
  }
}

const orderView = (order: RebalanceOrder, progress: Progress): OrderView => ({
  index: order.index,
  account_name: order.accountName,
  trading_pair: order.tradingPair,
  trade_type: order.tradeType,
  amount: order.amount,
  price: order.price,
  notional: order.notional,
  fee_estimate: order.feeEstimate,
  min_order_size: order.minOrderSize,
  min_notional_size: order.minNotionalSize,
  ...progress,
})

const planView = (plan: RebalancePlan, obstacles: readonly RebalanceObstacle[]) => ({
  connector_name: plan.connectorName,
  quote_token: plan.quoteToken,
  target_weights: plan.weights,
  fee_rate: plan.feeRate,
  fee_rate_from: plan.feeRateFrom,
  reserve: plan.reserve,
  accounts: plan.accounts.map(({ accountName, total, tokens }) => ({
    account_name: accountName,
    total_value: total,
    tokens: tokens.map(({ target, after, ...token }) => ({ ...token, target_weight: target, weight_after: after })),
  })),
  not_reached: obstacles.map(({ accountName, ...obstacle }) => ({ account_name: accountName, ...obstacle })),
})

export const dryRunView = ({ plan, blockedBy }: Prepared): RebalanceResponse => ({
  plan_id: null,
  state: 'dry-run',
  reason: null,
  ...planView(plan, plan.obstacles),
  orders: plan.orders.map((order) => orderView(order, untouched)),
  blocked_by: [...blockedBy],
})

const stateOf = ({ end, sized }: RunningRebalance): RebalanceResponse['state'] =>
  end.kind !== 'none' ? end.kind : sized === null ? 'selling' : 'buying'

/** A plan under way: each order as it was really sized. */
export const rebalanceView = (running: RunningRebalance): RebalanceResponse => {
  const { planId, plan, sized, progress, end } = running
  const orders = plan.orders.map((order) => {
    const real =
      order.tradeType === 'SELL' || sized === null ? order : sized.buys.find((buy) => buy.index === order.index)
    return real === undefined
      ? orderView(order, { ...untouched, status: 'dropped' })
      : orderView(real, progressView(progress.get(order.index)))
  })
  return {
    plan_id: planId,
    state: stateOf(running),
    reason: end.kind === 'stopped' ? end.reason : null,
    ...planView(plan, [...plan.obstacles, ...(sized?.obstacles ?? [])]),
    orders,
    blocked_by: [],
  }
}
