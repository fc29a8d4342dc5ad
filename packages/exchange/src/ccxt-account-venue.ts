import { z } from 'zod'
import { accountUpdates } from './account-updates.ts'
import type { Connector } from './catalogue.ts'
import type { ExchangeSettings } from './ccxt-exchange.ts'
import { orderStateOf } from './ccxt-orders.ts'
import { balanceReply, createdOrder } from './ccxt-replies.ts'
import { ccxtSession, type Session } from './ccxt-session.ts'
import { exact } from './decimals.ts'
import { type Failure, isDefinitiveRefusal, isHeldBack, isOrderNotFound, refusalReason } from './failure.ts'
import { keyPermissions } from './key-permissions.ts'
import { type PositionMode, sendOrder } from './order-request.ts'
import { perpetualAccount } from './perpetual-account.ts'
import { readFills, readFillsOf } from './read-fills.ts'
import type {
  AccountVenue,
  CancelOutcome,
  CreateOutcome,
  OrderLookup,
  OrderName,
  VenueFill,
  VenueOrderState,
} from './venue.ts'

/** Exchanges whose order endpoints take a client order id through ccxt; elsewhere the venue's id is found in lists first. */
const asksByClientId: readonly string[] = [
  'binance',
  'binanceusdm',
  'bingx',
  'bitget',
  'bitrue',
  'bitstamp',
  'grvt',
  'htx',
  'hyperliquid',
  'kraken',
  'kucoin',
  'kucoinfutures',
  'mexc',
  'ndax',
  'okx',
]
const cancelsByClientId: readonly string[] = [
  'binance',
  'binanceusdm',
  'bingx',
  'bitget',
  'bitrue',
  'btcmarkets',
  'grvt',
  'htx',
  'kraken',
  'mexc',
  'okx',
  'pacifica',
]

const list = z.array(z.unknown())

const present = <T>(value: T | null): value is T => value !== null

const createOutcomeOf = (failure: Failure): CreateOutcome =>
  isDefinitiveRefusal(failure)
    ? { kind: 'rejected', reason: refusalReason(failure) }
    : { kind: 'unknown', reason: failure.reason }

/** One account at one venue through ccxt. Nothing is opened before the first call. */
export const ccxtAccountVenue = (connector: Connector, settings: ExchangeSettings): AccountVenue => {
  const session = ccxtSession(connector, settings)
  const perpetual = perpetualAccount(connector, session)

  const statesOf = (replies: unknown, { markets }: Session): VenueOrderState[] =>
    list
      .parse(replies)
      .map((reply) => orderStateOf(reply, markets))
      .filter(present)

  const inLists = async (name: OrderName, tradingPair: string, of: Session): Promise<VenueOrderState | null> => {
    const { exchange, markets } = of
    const { symbol } = markets.market(tradingPair)
    const asked = [
      () => exchange.fetchOpenOrders(symbol),
      ...(exchange.has.fetchClosedOrders === true ? [() => exchange.fetchClosedOrders(symbol)] : []),
      ...(exchange.has.fetchOrders === true ? [() => exchange.fetchOrders(symbol)] : []),
    ]
    for (const ask of asked) {
      const found = statesOf(await ask(), of).find((order) =>
        typeof name === 'string' ? order.clientOrderId === name : order.venueOrderId === name.venueOrderId,
      )
      if (found !== undefined) return found
    }
    return null
  }

  const findOrder = async (name: OrderName, tradingPair: string): Promise<OrderLookup> => {
    const outcome = await session.attempt(async (of) => {
      const { exchange, markets } = of
      if (typeof name !== 'string') {
        if (exchange.has.fetchOrder !== true) return inLists(name, tradingPair, of)
        return orderStateOf(
          await exchange.fetchOrder(name.venueOrderId, markets.market(tradingPair).symbol, {}),
          markets,
        )
      }
      const clientOrderId = name
      if (!asksByClientId.includes(exchange.id)) return inLists(clientOrderId, tradingPair, of)
      const reply = await exchange.fetchOrder(undefined, markets.market(tradingPair).symbol, { clientOrderId })
      return orderStateOf(reply, markets, clientOrderId)
    })
    if ('failure' in outcome) {
      return isOrderNotFound(outcome.failure)
        ? { kind: 'absent' }
        : { kind: 'unavailable', reason: outcome.failure.reason }
    }
    return outcome.value === null
      ? { kind: 'unavailable', reason: 'not among the orders the venue lists, which proves nothing' }
      : { kind: 'found', order: outcome.value }
  }

  const fills = (tradingPair: string, since: number): Promise<readonly VenueFill[]> =>
    session.read(({ exchange, markets }) => readFills(exchange, markets, tradingPair, since))

  const openOrders = (tradingPair?: string): Promise<readonly VenueOrderState[]> =>
    session.read(async (of) => {
      const symbol = tradingPair === undefined ? undefined : of.markets.market(tradingPair).symbol
      return statesOf(await of.exchange.fetchOpenOrders(symbol), of)
    })

  return {
    connectorName: connector.name,
    findOrder,
    fills,
    fillsOf: (venueOrderId, tradingPair) =>
      session.read(({ exchange, markets }) => readFillsOf(exchange, markets, tradingPair, venueOrderId)),
    openOrders,

    pause: session.pause,

    async connect() {
      await session.refreshMarkets()
      await perpetual.mode()
    },

    async createOrder(order) {
      if (!connector.orderTypes.includes(order.orderType)) {
        return { kind: 'rejected', reason: `not sent: ${connector.name} has no ${order.orderType} orders` }
      }
      let positions: PositionMode
      try {
        positions = await perpetual.mode()
      } catch (error) {
        return { kind: 'rejected', reason: `not sent: ${error instanceof Error ? error.message : String(error)}` }
      }
      const outcome = await session.attempt(
        ({ exchange, markets }) => sendOrder(exchange, markets, order, positions),
        'order',
      )
      if ('failure' in outcome) return createOutcomeOf(outcome.failure)
      const created = createdOrder.safeParse(outcome.value)
      if (!created.success) return { kind: 'unknown', reason: 'the reply names no order' }
      if (created.data.status === 'rejected') return { kind: 'rejected', reason: 'the venue rejected the order' }
      return { kind: 'accepted', venueOrderId: created.data.id }
    },

    async cancelOrder(name, tradingPair): Promise<CancelOutcome> {
      const outcome = await session.attempt(async (of) => {
        const { exchange, markets } = of
        const { symbol } = markets.market(tradingPair)
        if (typeof name !== 'string') {
          await exchange.cancelOrder(name.venueOrderId, symbol, {})
          return 'cancelled' as const
        }
        if (cancelsByClientId.includes(exchange.id)) {
          await exchange.cancelOrder(undefined, symbol, { clientOrderId: name })
          return 'cancelled' as const
        }
        const order = await inLists(name, tradingPair, of)
        if (order === null) return 'unlisted' as const
        await exchange.cancelOrder(order.venueOrderId, symbol, {})
        return 'cancelled' as const
      }, 'order')
      if (!('failure' in outcome)) {
        return outcome.value === 'cancelled'
          ? { kind: 'cancelled' }
          : { kind: 'unknown', reason: 'not among the orders the venue lists, so its id is not known' }
      }
      const { failure } = outcome
      if (isOrderNotFound(failure)) return { kind: 'not-found', reason: failure.reason }
      // The venue did not refuse to cancel: the wish stands and is repeated.
      if (isHeldBack(failure)) return { kind: 'unknown', reason: refusalReason(failure) }
      return isDefinitiveRefusal(failure)
        ? { kind: 'rejected', reason: refusalReason(failure) }
        : { kind: 'unknown', reason: failure.reason }
    },

    balances: () =>
      session.read(async ({ exchange }) => {
        const { total, free } = balanceReply.parse(await exchange.fetchBalance())
        return Object.entries(total).flatMap(([token, amount]) => {
          const available = free[token] ?? amount ?? '0'
          const isEmpty = exact(amount ?? '0').isZero() && exact(available).isZero()
          return isEmpty ? [] : [{ token, total: amount ?? available, available }]
        })
      }),

    keyPermissions: () => keyPermissions(connector, session),

    positions: perpetual.positions,
    positionMode: perpetual.positionMode,
    setPositionMode: perpetual.setPositionMode,
    setLeverage: perpetual.setLeverage,
    fundingPayments: perpetual.fundingPayments,
    updates: (signal) => accountUpdates({ connector, session, openOrders, fills, findOrder }, signal),
    close: session.close,
  }
}
