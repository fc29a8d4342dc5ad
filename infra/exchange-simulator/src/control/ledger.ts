import type { Exchange } from '../engine/exchange.ts'
import { priceOf, quantityOf } from '../engine/instruments.ts'
import type { Account, Order } from '../engine/state.ts'

const orderEntry = (order: Order): unknown => ({
  orderId: order.id,
  account: order.account,
  market: order.market,
  symbol: order.symbol,
  clientOrderId: order.clientOrderId,
  side: order.side,
  type: order.orderType,
  price: priceOf(order.instrument, order.price).toFixed(),
  quantity: quantityOf(order.instrument, order.lots).toFixed(),
  executed: quantityOf(order.instrument, order.executedLots).toFixed(),
  status: order.status,
  time: order.time,
  fills: order.fills.map((fill) => ({
    tradeId: fill.tradeId,
    price: priceOf(order.instrument, fill.price).toFixed(),
    quantity: quantityOf(order.instrument, fill.lots).toFixed(),
    fee: fill.fee,
    feeAsset: fill.feeAsset,
    maker: fill.maker,
    realizedProfit: fill.realizedProfit,
    time: fill.time,
  })),
})

const accountEntry = (account: Account): unknown => ({
  initial: account.initial,
  spot: Object.fromEntries(
    [...account.spot].map(([asset, { free, locked }]) => [asset, { free: free.toFixed(), locked: locked.toFixed() }]),
  ),
  futures: Object.fromEntries([...account.wallet].map(([asset, amount]) => [asset, amount.toFixed()])),
  positions: [...account.positions.values()].map(({ symbol, side, lots, cost }) => ({
    symbol,
    side,
    lots,
    cost: cost.toFixed(),
  })),
})

/**
 * What the exchange really got and did, whatever its answers said: the oracle of tests. `requests` counts every create
 * request by client order id, refused ones and repeats included; `orders` are the accepted ones.
 */
export const ledger = (
  exchange: Exchange,
  filter: { readonly account?: string; readonly clientOrderId?: string },
): unknown => {
  exchange.playAll()
  const { state } = exchange
  const fits = (entry: { readonly account: string; readonly clientOrderId: string }): boolean =>
    (filter.account === undefined || entry.account === filter.account) &&
    (filter.clientOrderId === undefined || entry.clientOrderId === filter.clientOrderId)
  const orders = [...state.orders.values()].filter(fits)
  const accepted = new Map<string, number>()
  for (const order of orders) {
    const key = `${order.account} ${order.market} ${order.clientOrderId}`
    accepted.set(key, (accepted.get(key) ?? 0) + 1)
  }
  return {
    time: exchange.clock.now(),
    requests: [...state.requests.values()].filter(fits).map(({ account, market, symbol, clientOrderId, times }) => ({
      account,
      market,
      symbol,
      clientOrderId,
      count: times.length,
      accepted: accepted.get(`${account} ${market} ${clientOrderId}`) ?? 0,
      times,
    })),
    orders: orders.map(orderEntry),
    accounts: Object.fromEntries(
      [...state.accounts.values()]
        .filter(({ id }) => filter.account === undefined || id === filter.account)
        .map((account) => [account.id, accountEntry(account)]),
    ),
  }
}
