import type { ExchangeEvent } from '../engine/events.ts'
import type { Exchange } from '../engine/exchange.ts'
import { markOf } from '../engine/funding.ts'
import { balanceOf } from '../engine/holdings.ts'
import {
  amountText,
  findInstrument,
  type Instrument,
  type Market,
  priceOf,
  priceText,
  quantityOf,
  quantityText,
} from '../engine/instruments.ts'
import { entryPrice, unrealizedProfit } from '../engine/margin.ts'
import type { Account, Fill, Order } from '../engine/state.ts'
import type { StreamMessage } from './messages.ts'

/** What one account is told about one event. */
export interface UserMessages {
  readonly account: string
  readonly market: Market
  readonly symbol: string
  readonly messages: readonly StreamMessage[]
  /** Set when the event is a fill. */
  readonly tradeId?: number
}

type Execution = 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED'

/** What the account concerned hears of an event that has just been applied; nothing for events nobody is told of. */
export const userMessages = (exchange: Exchange, event: ExchangeEvent): UserMessages | undefined => {
  switch (event.type) {
    case 'OrderAccepted':
      return ofOrder(exchange, exchange.state.orders.get(event.id) as Order, 'NEW', undefined)
    case 'OrderFilled': {
      const order = exchange.state.orders.get(event.orderId) as Order
      return ofOrder(exchange, order, 'TRADE', order.fills.at(-1))
    }
    case 'OrderClosed':
      return ofOrder(exchange, exchange.state.orders.get(event.orderId) as Order, event.status, undefined)
    case 'FundingPaid': {
      const account = exchange.state.accounts.get(event.account) as Account
      return {
        account: account.id,
        market: 'futures',
        symbol: event.symbol,
        messages: [accountUpdate(exchange, account, 'FUNDING_FEE', event.symbol)],
      }
    }
    case 'LeverageSet':
      return {
        account: event.account,
        market: 'futures',
        symbol: event.symbol,
        messages: [
          {
            e: 'ACCOUNT_CONFIG_UPDATE',
            E: exchange.clock.now(),
            T: exchange.clock.now(),
            ac: { s: event.symbol, l: event.leverage },
          },
        ],
      }
    default:
      return undefined
  }
}

const ofOrder = (exchange: Exchange, order: Order, execution: Execution, fill: Fill | undefined): UserMessages => {
  const account = exchange.account(order)
  const head = {
    account: account.id,
    market: order.market,
    symbol: order.symbol,
    ...(fill ? { tradeId: fill.tradeId } : {}),
  }
  if (order.market === 'spot')
    return {
      ...head,
      messages: [executionReport(exchange, order, execution, fill), accountPosition(exchange, account, order)],
    }
  const update = orderTradeUpdate(exchange, order, execution, fill)
  return { ...head, messages: fill ? [accountUpdate(exchange, account, 'ORDER', order.symbol), update] : [update] }
}

const executionReport = (
  exchange: Exchange,
  order: Order,
  execution: Execution,
  fill: Fill | undefined,
): StreamMessage => {
  const { instrument } = order
  const cancelled = execution === 'CANCELED'
  return {
    e: 'executionReport',
    E: exchange.clock.now(),
    s: order.symbol,
    c: cancelled ? order.cancelId : order.clientOrderId,
    S: order.side,
    o: order.orderType,
    f: order.timeInForce,
    q: quantityText(instrument, order.lots),
    p: priceText(instrument, order.price),
    P: '0.00000000',
    F: '0.00000000',
    g: -1,
    C: cancelled ? order.clientOrderId : '',
    x: execution,
    X: execution === 'TRADE' ? order.status : execution,
    r: 'NONE',
    i: order.id,
    l: quantityText(instrument, fill?.lots ?? 0),
    z: quantityText(instrument, order.executedLots),
    L: priceText(instrument, fill?.price ?? 0),
    n: fill?.fee ?? '0',
    N: fill?.feeAsset ?? null,
    T: fill?.time ?? order.updatedAt,
    t: fill?.tradeId ?? -1,
    I: order.id * 2 + (fill?.tradeId ?? 0),
    w: order.remaining > 0 && execution !== 'CANCELED' && execution !== 'EXPIRED',
    m: fill?.maker ?? false,
    M: false,
    O: order.time,
    Z: amountText(instrument, order.executedAmount),
    Y: amountText(instrument, fill ? BigInt(fill.price) * BigInt(fill.lots) : 0n),
    Q: order.quoteQuantity === '0' ? '0.00000000' : order.quoteQuantity,
    W: order.time,
    V: 'NONE',
  }
}

const accountPosition = (exchange: Exchange, account: Account, order: Order): StreamMessage => ({
  e: 'outboundAccountPosition',
  E: exchange.clock.now(),
  u: account.spotUpdatedAt,
  B: [order.instrument.base, order.instrument.quote].map((asset) => {
    const { free, locked } = balanceOf(account, asset)
    return { a: asset, f: free.toFixed(8), l: locked.toFixed(8) }
  }),
})

const orderTradeUpdate = (
  exchange: Exchange,
  order: Order,
  execution: Execution,
  fill: Fill | undefined,
): StreamMessage => {
  const { instrument } = order
  const executed = quantityOf(instrument, order.executedLots)
  const average =
    order.executedLots === 0
      ? '0'
      : priceOf(instrument, 1).mul(order.executedAmount.toString()).div(order.executedLots).toDecimalPlaces(8).toFixed()
  const now = exchange.clock.now()
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: now,
    T: fill?.time ?? order.updatedAt,
    o: {
      s: order.symbol,
      c: order.clientOrderId,
      S: order.side,
      o: order.orderType,
      f: order.timeInForce,
      q: quantityText(instrument, order.lots),
      p: priceText(instrument, order.price),
      ap: average,
      sp: '0',
      x: execution,
      X: execution === 'TRADE' ? order.status : execution,
      i: order.id,
      l: quantityText(instrument, fill?.lots ?? 0),
      z: executed.toFixed(),
      L: priceText(instrument, fill?.price ?? 0),
      ...(fill ? { n: fill.fee, N: fill.feeAsset } : {}),
      T: fill?.time ?? order.updatedAt,
      t: fill?.tradeId ?? 0,
      b: '0',
      a: '0',
      m: fill?.maker ?? false,
      R: order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: order.orderType,
      ps: order.positionSide,
      cp: false,
      rp: fill?.realizedProfit ?? '0',
      pP: false,
      si: 0,
      ss: 0,
      V: 'NONE',
      pm: 'NONE',
      gtd: 0,
    },
  }
}

const accountUpdate = (
  exchange: Exchange,
  account: Account,
  reason: 'ORDER' | 'FUNDING_FEE',
  symbol: string,
): StreamMessage => ({
  e: 'ACCOUNT_UPDATE',
  E: exchange.clock.now(),
  T: exchange.clock.now(),
  a: {
    m: reason,
    B: [...account.wallet].map(([a, amount]) => ({ a, wb: amount.toFixed(8), cw: amount.toFixed(8), bc: '0' })),
    P: [...account.positions.values()]
      .filter((position) => position.symbol === symbol)
      .map((position) => {
        const instrument = findInstrument('futures', symbol) as Instrument
        const sign = position.lots < 0 ? '-' : ''
        return {
          s: symbol,
          pa: sign + quantityText(instrument, Math.abs(position.lots)),
          ep: entryPrice(position).toFixed(),
          bep: entryPrice(position).toFixed(),
          cr: '0',
          up: unrealizedProfit(position, markOf(exchange, instrument)).toFixed(8),
          mt: account.marginType.get(symbol) ?? 'cross',
          iw: '0',
          ps: position.side,
        }
      }),
  },
})
