import type { CcxtExchange } from './ccxt-exchange.ts'
import { tickerReply } from './ccxt-replies.ts'
import { exact } from './decimals.ts'
import type { Markets } from './markets.ts'
import type { VenueOrder } from './venue.ts'
import { NotSent } from './wire.ts'

/** Spot exchanges that take the cost of a market buy instead of its amount: ccxt makes the cost from a price. */
const buysByCost: readonly string[] = ['bitget', 'bybit', 'coinbase', 'gate', 'htx']
/** Exchanges without market orders of their own: ccxt sends an aggressive limit, for which it needs a price. */
const needsPrice: readonly string[] = ['hyperliquid', 'lighter']

export type PositionMode = 'one-way' | 'hedge'

const referencePrice = async (exchange: CcxtExchange, symbol: string, order: VenueOrder): Promise<string> => {
  const { ask, bid, last } = tickerReply.parse(await exchange.fetchTicker(symbol))
  const price = (order.tradeType === 'BUY' ? ask : bid) ?? last
  if (price === null) throw new NotSent(`${order.tradingPair} has no price for a market order`)
  return price
}

const marketPrice = (exchange: CcxtExchange, symbol: string, order: VenueOrder): Promise<string> | undefined => {
  const isSpotBuy = !symbol.includes(':') && order.tradeType === 'BUY'
  return needsPrice.includes(exchange.id) || (isSpotBuy && buysByCost.includes(exchange.id))
    ? referencePrice(exchange, symbol, order)
    : undefined
}

/** ccxt rounds silently; an order that the venue would get with another amount or price is not sent. */
const mustEqual = (rounded: string, wanted: string, what: string, order: VenueOrder): void => {
  if (!exact(rounded).equals(wanted)) {
    throw new NotSent(`${what} ${wanted} is no multiple of the increment of ${order.tradingPair}`)
  }
}

const positionParams = (order: VenueOrder, mode: PositionMode): Record<string, unknown> => {
  const closes = order.positionAction === 'CLOSE'
  return mode === 'hedge'
    ? { hedged: true, ...(closes ? { reduceOnly: true } : {}) }
    : closes
      ? { reduceOnly: true }
      : {}
}

/** The one request that creates the order. Throws `NotSent` for what can be known before. */
export const sendOrder = async (
  exchange: CcxtExchange,
  markets: Markets,
  order: VenueOrder,
  positionMode: PositionMode,
): Promise<unknown> => {
  const market = markets.market(order.tradingPair)
  const perpetual = market.type !== 'spot'
  const amount =
    perpetual && market.contractSize !== null ? exact(order.amount).div(market.contractSize).toFixed() : order.amount
  mustEqual(exchange.amountToPrecision(market.symbol, amount), amount, 'amount', order)
  const params: Record<string, unknown> = {
    clientOrderId: order.clientOrderId,
    ...(perpetual ? positionParams(order, positionMode) : {}),
    ...(order.orderType === 'LIMIT_MAKER' ? { postOnly: true } : {}),
  }
  const side = order.tradeType === 'BUY' ? 'buy' : 'sell'
  if (order.orderType === 'MARKET') {
    const price = await marketPrice(exchange, market.symbol, order)
    return exchange.createOrder(market.symbol, 'market', side, amount, price, params)
  }
  if (order.price === null) throw new NotSent(`a ${order.orderType} order needs a price`)
  mustEqual(exchange.priceToPrecision(market.symbol, order.price), order.price, 'price', order)
  return exchange.createOrder(market.symbol, 'limit', side, amount, order.price, params)
}
