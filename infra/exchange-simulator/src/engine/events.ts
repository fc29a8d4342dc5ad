import type { ClockState } from '../clock.ts'
import type { PriceControl, Trade } from '../replay/tape.ts'
import type { Market } from './instruments.ts'
import type { KeyPermissions } from './keys.ts'

export type Side = 'BUY' | 'SELL'
export type OrderType = 'LIMIT' | 'MARKET' | 'LIMIT_MAKER'
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX'
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT'
export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED'
export type MarginType = 'cross' | 'isolated'

/** What the journal holds: every change of the exchange's state. Prices are ticks, quantities lots, money decimal text. */
export type ExchangeEvent =
  | AccountOpened
  | KeyAdded
  | KeyRevoked
  | CreateRequested
  | OrderAccepted
  | OrderFilled
  | OrderClosed
  | LeverageSet
  | MarginTypeSet
  | PositionModeSet
  | FundingPaid
  | BalanceMoved
  | PositionMoved
  | PriceControlled
  | TradePrinted
  | ClockMoved

export interface AccountOpened {
  readonly type: 'AccountOpened'
  readonly account: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly spot: Readonly<Record<string, string>>
  readonly futures: Readonly<Record<string, string>>
}

/** Another key of an account, or other permissions of one it has. */
export interface KeyAdded {
  readonly type: 'KeyAdded'
  readonly account: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly permissions: KeyPermissions
}
export interface KeyRevoked {
  readonly type: 'KeyRevoked'
  readonly apiKey: string
}

/** A create request as it came in, whatever became of it: the ledger counts these. */
export interface CreateRequested {
  readonly type: 'CreateRequested'
  readonly account: string
  readonly market: Market
  readonly symbol: string
  readonly clientOrderId: string
  readonly time: number
}

export interface OrderAccepted {
  readonly type: 'OrderAccepted'
  readonly id: number
  readonly market: Market
  readonly account: string
  readonly symbol: string
  readonly clientOrderId: string
  readonly side: Side
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  /** 0 for a MARKET order. */
  readonly price: number
  readonly lots: number
  /** The amount of quote asked for, in decimal text; `0` unless `quoteOrderQty` was used. */
  readonly quoteQuantity: string
  readonly positionSide: PositionSide
  readonly reduceOnly: boolean
  readonly time: number
}

export interface OrderFilled {
  readonly type: 'OrderFilled'
  readonly orderId: number
  readonly tradeId: number
  readonly price: number
  readonly lots: number
  readonly fee: string
  readonly feeAsset: string
  readonly maker: boolean
  /** Futures only. */
  readonly realizedProfit: string
  readonly time: number
}

export interface OrderClosed {
  readonly type: 'OrderClosed'
  readonly orderId: number
  readonly status: 'CANCELED' | 'EXPIRED'
  /** The id Binance gives the cancel itself. */
  readonly cancelId: string
  readonly time: number
}

export interface LeverageSet {
  readonly type: 'LeverageSet'
  readonly account: string
  readonly symbol: string
  readonly leverage: number
}
export interface MarginTypeSet {
  readonly type: 'MarginTypeSet'
  readonly account: string
  readonly symbol: string
  readonly marginType: MarginType
}
export interface PositionModeSet {
  readonly type: 'PositionModeSet'
  readonly account: string
  readonly hedged: boolean
}
export interface FundingPaid {
  readonly type: 'FundingPaid'
  readonly id: number
  readonly account: string
  readonly symbol: string
  readonly positionSide: PositionSide
  readonly rate: string
  /** Positive when the account received it. */
  readonly amount: string
  readonly asset: string
  readonly time: number
}
/** A deposit, a withdrawal, a fee: what changes a balance and is no trade. Nobody is told. */
export interface BalanceMoved {
  readonly type: 'BalanceMoved'
  readonly account: string
  readonly market: Market
  readonly asset: string
  /** Signed. */
  readonly amount: string
}
/** A position changed without an order of the account, as a liquidation does. Nobody is told. */
export interface PositionMoved {
  readonly type: 'PositionMoved'
  readonly account: string
  readonly symbol: string
  readonly side: PositionSide
  /** Signed. */
  readonly lots: number
  /** Ticks. */
  readonly price: number
  readonly time: number
}
export interface PriceControlled {
  readonly type: 'PriceControlled'
  readonly key: string
  readonly control: PriceControl
}
export interface TradePrinted {
  readonly type: 'TradePrinted'
  readonly key: string
  readonly trade: Trade
}
export interface ClockMoved {
  readonly type: 'ClockMoved'
  readonly clock: ClockState
  readonly time: number
}
