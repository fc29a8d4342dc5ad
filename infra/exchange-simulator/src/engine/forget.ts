import { type Account, clientKey, type ExchangeState, type Order } from './state.ts'

/**
 * Forgets the oldest finished orders beyond `keep`, with their fills and the requests that made them, and what was refused
 * or earned longer ago than that: a venue does not tell of its first orders for ever either. Balances, positions, open
 * orders and the prices of the past stay.
 */
export const forgetOldOrders = (state: ExchangeState, keep: number): void => {
  const finished = [...state.orders.values()].filter(({ status }) => status !== 'NEW' && status !== 'PARTIALLY_FILLED')
  const gone = new Set(finished.slice(0, Math.max(0, finished.length - keep)))
  for (const order of gone) state.orders.delete(order.id)
  for (const account of state.accounts.values()) {
    const own = [...gone].some((order) => order.account === account.id)
    if (own) forgetOrdersOf(account, gone)
    account.income.splice(0, Math.max(0, account.income.length - 2 * keep))
  }
  const named = new Set([...state.orders.values()].map(requestKey))
  const idle = [...state.requests].filter(([key]) => !named.has(key))
  const told = new Set([...gone].map(requestKey))
  const excess = idle.length - keep
  idle.forEach(([key], at) => {
    if (told.has(key) || at < excess) state.requests.delete(key)
  })
}

const requestKey = ({ account, market, clientOrderId }: Order): string => `${account} ${market} ${clientOrderId}`

const forgetOrdersOf = (account: Account, gone: ReadonlySet<Order>): void => {
  for (const [key, orders] of account.orders) {
    account.orders.set(
      key,
      orders.filter((order) => !gone.has(order)),
    )
  }
  for (const [key, fills] of account.fills) {
    account.fills.set(
      key,
      fills.filter((fill) => !gone.has(fill.order)),
    )
  }
  for (const order of gone) {
    const key = clientKey(order.instrument, order.clientOrderId)
    if (account.byClientOrderId.get(key) === order) account.byClientOrderId.delete(key)
  }
}
