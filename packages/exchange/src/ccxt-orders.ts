import { type OrderReply, orderReply, type TradeReply, tradeReply } from './ccxt-replies.ts'
import { exact } from './decimals.ts'
import type { Markets } from './markets.ts'
import { UnknownPair, type VenueFill, type VenueOrderState, type VenueOrderTerms } from './venue.ts'

/** Pair and base units of a market that an order or trade belongs to, or `null` for a market of another kind. */
const marketFor = (symbol: string, markets: Markets): { pair: string; size: string | null } | null => {
  const pair = markets.tradingPair(symbol)
  if (pair === null) return null
  try {
    const market = markets.market(pair)
    return { pair, size: market.type === 'spot' ? null : market.contractSize }
  } catch (error) {
    if (error instanceof UnknownPair) return { pair, size: null }
    throw error
  }
}

const inBaseUnits = (amount: string, size: string | null): string =>
  size === null ? amount : exact(amount).times(size).toFixed()

const statusOf = (order: OrderReply): VenueOrderState['status'] => {
  switch (order.status) {
    case 'closed':
      return 'filled'
    case 'canceled':
    case 'canceling':
      return 'cancelled'
    case 'rejected':
      return 'rejected'
    case 'expired':
      return 'expired'
    default:
      return 'open'
  }
}

const rawText = (info: unknown, key: string): string | undefined =>
  typeof info === 'object' && info !== null
    ? String(new Map<string, unknown>(Object.entries(info)).get(key))
    : undefined

/** In hedge mode a sale of the long side, and a purchase of the short one, closes. */
const closes = (order: OrderReply, tradeType: VenueOrderTerms['tradeType']): boolean => {
  const side = rawText(order.info, 'positionSide')?.toUpperCase()
  if (side === 'LONG') return tradeType === 'SELL'
  if (side === 'SHORT') return tradeType === 'BUY'
  return order.reduceOnly === true
}

const orderTypeOf = (order: OrderReply): VenueOrderTerms['orderType'] => {
  const type = order.type?.toLowerCase() ?? ''
  if (type.includes('market')) return 'MARKET'
  return order.postOnly === true || type.includes('maker') ? 'LIMIT_MAKER' : 'LIMIT'
}

const termsOf = (order: OrderReply, size: string | null): VenueOrderTerms | null => {
  if (order.side !== 'buy' && order.side !== 'sell') return null
  // An order for an amount of quote has none of base until it has traded.
  const asked = [order.amount, order.filled].find((amount) => amount !== null && exact(amount).gt(0))
  if (asked === undefined || asked === null) return null
  const tradeType = order.side === 'buy' ? 'BUY' : 'SELL'
  const orderType = orderTypeOf(order)
  const priced = orderType !== 'MARKET' && order.price !== null && exact(order.price).gt(0)
  return {
    tradeType,
    orderType,
    amount: inBaseUnits(asked, size),
    price: priced ? order.price : null,
    positionAction: closes(order, tradeType) ? 'CLOSE' : 'OPEN',
    placedAt: order.timestamp,
  }
}

/** An order as ccxt unified it; `null` for one of a market that the contract has no name for. Throws on a reply without id or symbol. */
export const orderStateOf = (reply: unknown, markets: Markets, clientOrderId?: string): VenueOrderState | null => {
  const order = orderReply.parse(reply)
  const market = marketFor(order.symbol, markets)
  if (market === null) return null
  return {
    clientOrderId: clientOrderId ?? order.clientOrderId ?? '',
    venueOrderId: order.id,
    tradingPair: market.pair,
    status: statusOf(order),
    filledAmount: inBaseUnits(order.filled ?? '0', market.size),
    updatedAt: order.lastUpdateTimestamp ?? order.lastTradeTimestamp ?? order.timestamp ?? 0,
    terms: termsOf(order, market.size),
  }
}

/** Where venues put our id in a raw trade. Binance: `c` in a stream event. */
const clientIdKeys = ['clientOrderId', 'clOrdId', 'clientOid', 'orderLinkId', 'client_order_id', 'c', 'text', 'cloid']

const clientOrderIdOf = (trade: TradeReply): string | null => {
  if (typeof trade.info !== 'object' || trade.info === null) return null
  const raw = new Map<string, unknown>(Object.entries(trade.info))
  for (const key of clientIdKeys) {
    const value = raw.get(key)
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}

/** As the venues that know hedge mode write it: `positionSide` and, in streams, `ps` of Binance, `posSide` of OKX. */
const positionSideOf = (trade: TradeReply): Pick<VenueFill, 'positionSide'> => {
  if (typeof trade.info !== 'object' || trade.info === null) return {}
  const raw = new Map<string, unknown>(Object.entries(trade.info))
  const said = ['positionSide', 'ps', 'posSide'].map((key) => String(raw.get(key)).toUpperCase())
  const positionSide = (['LONG', 'SHORT'] as const).find((side) => said.includes(side))
  return positionSide === undefined ? {} : { positionSide }
}

/** A trade of ours; `null` as in `orderStateOf`. Throws on a reply without id, price or amount. */
export const fillOf = (reply: unknown, markets: Markets): VenueFill | null => {
  const trade = tradeReply.parse(reply)
  const market = marketFor(trade.symbol, markets)
  if (market === null) return null
  const quote = market.pair.slice(market.pair.lastIndexOf('-') + 1)
  return {
    tradeId: trade.id,
    venueOrderId: trade.order ?? '',
    clientOrderId: clientOrderIdOf(trade),
    tradingPair: market.pair,
    tradeType: trade.side === 'buy' ? 'BUY' : 'SELL',
    price: trade.price,
    amount: inBaseUnits(trade.amount, market.size),
    feeAmount: trade.fee?.cost ?? '0',
    feeCurrency: trade.fee?.currency ?? quote,
    liquidity: trade.takerOrMaker === 'maker' || trade.takerOrMaker === 'taker' ? trade.takerOrMaker : 'unknown',
    time: trade.timestamp ?? 0,
    ...positionSideOf(trade),
  }
}
