/** A venue as a port: what Colibri asks of an exchange. Amounts and prices are decimal text, pairs are `BASE-QUOTE`, times epoch milliseconds. */
export type TradeType = 'BUY' | 'SELL'
export type OrderType = 'LIMIT' | 'MARKET' | 'LIMIT_MAKER'

export interface VenueOrder {
  readonly clientOrderId: string
  readonly tradingPair: string
  readonly tradeType: TradeType
  readonly orderType: OrderType
  readonly amount: string
  readonly price: string | null
  readonly positionAction: 'OPEN' | 'CLOSE'
}

/**
 * Only a structured answer of the venue is definitive. Timeout, disconnect, 5xx and an unreadable reply are `unknown`:
 * the order may exist, so it is looked up by client order id and never sent again.
 */
export type CreateOutcome =
  | { readonly kind: 'accepted'; readonly venueOrderId: string }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

export type CancelOutcome =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'not-found'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** What an order asks for. */
export interface VenueOrderTerms {
  readonly tradeType: TradeType
  /** Kinds of orders that Colibri does not place are the nearest of these. */
  readonly orderType: OrderType
  /** Base units. */
  readonly amount: string
  /** Null where the order takes any price. */
  readonly price: string | null
  /** CLOSE where it can only make a position smaller. */
  readonly positionAction: 'OPEN' | 'CLOSE'
  /** Null where the venue does not tell. */
  readonly placedAt: number | null
}

/** An order by our client order id, or by the venue's own id: what was placed elsewhere has no id of ours. */
export type OrderName = string | { readonly venueOrderId: string }

export interface VenueOrderState {
  readonly clientOrderId: string
  readonly venueOrderId: string
  readonly tradingPair: string
  readonly status: 'open' | 'filled' | 'cancelled' | 'rejected' | 'expired'
  readonly filledAmount: string
  readonly updatedAt: number
  /** Null where the venue's answer leaves a part of them out. */
  readonly terms: VenueOrderTerms | null
}

/** `absent` is the venue's own word that it has no such order; `unavailable` means it could not be asked. */
export type OrderLookup =
  | { readonly kind: 'found'; readonly order: VenueOrderState }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface VenueFill {
  readonly tradeId: string
  readonly venueOrderId: string
  /** Known only where the venue sends it with the trade. */
  readonly clientOrderId: string | null
  readonly tradingPair: string
  readonly tradeType: TradeType
  readonly price: string
  readonly amount: string
  readonly feeAmount: string
  readonly feeCurrency: string
  readonly liquidity: 'maker' | 'taker' | 'unknown'
  readonly time: number
  /** Which position it changed, where the account keeps long and short apart and the venue says so. */
  readonly positionSide?: 'LONG' | 'SHORT'
}

export interface VenueRule {
  readonly tradingPair: string
  readonly minOrderSize: string
  readonly maxOrderSize: string | null
  readonly minPriceIncrement: string
  readonly minBaseAmountIncrement: string
  readonly minNotionalSize: string
  readonly supportsLimitOrders: boolean
  readonly supportsMarketOrders: boolean
  readonly buyOrderCollateralToken: string
  readonly sellOrderCollateralToken: string
}

export interface VenueBalance {
  readonly token: string
  readonly total: string
  readonly available: string
}

/** HEDGE keeps a long and a short position of one pair apart. UNKNOWN: the venue does not say. */
export type VenuePositionMode = 'HEDGE' | 'ONEWAY' | 'UNKNOWN'

export type Permission = 'yes' | 'no' | 'unknown'

/** What a key may do, by the venue's own word. */
export interface KeyPermissions {
  readonly trade: Permission
  readonly withdraw: Permission
  /** Whether the venue takes the key from certain addresses only. */
  readonly ipRestricted: Permission
  /** Why they are unknown; null when the venue told. */
  readonly reason: string | null
}

export const unknownPermissions = (reason: string): KeyPermissions => ({
  trade: 'unknown',
  withdraw: 'unknown',
  ipRestricted: 'unknown',
  reason,
})

export interface VenuePosition {
  readonly tradingPair: string
  /** BOTH where one position of the pair holds either direction. */
  readonly side: 'LONG' | 'SHORT' | 'BOTH'
  /** Base units; negative when short. */
  readonly amount: string
  readonly entryPrice: string | null
  /** Quote. */
  readonly unrealizedPnl: string | null
  readonly leverage: string | null
}

export interface FundingPayment {
  /** The venue's id; unique for a pair of the account. */
  readonly venueId: string
  readonly tradingPair: string
  /** Positive when received, negative when paid. */
  readonly amount: string
  readonly currency: string
  /** Of the period, as a fraction; null where the venue does not tell. */
  readonly rate: string | null
  readonly time: number
}

export interface BookLevel {
  readonly price: string
  readonly amount: string
}
export interface OrderBook {
  readonly tradingPair: string
  /** Best first. */
  readonly bids: readonly BookLevel[]
  readonly asks: readonly BookLevel[]
  readonly time: number
}

/** Floats: candles feed indicators and charts, never balances. */
export interface Candle {
  /** Open time, epoch milliseconds. */
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly quoteVolume: number
  readonly trades: number
  readonly takerBuyBaseVolume: number
  readonly takerBuyQuoteVolume: number
}

export interface Ticker {
  readonly tradingPair: string
  readonly bid: string | null
  readonly ask: string | null
  readonly last: string | null
  readonly time: number
}

export interface PublicTrade {
  readonly tradeId: string
  readonly price: string
  readonly amount: string
  /** Side of the taker. */
  readonly side: 'buy' | 'sell'
  readonly time: number
}

export interface FundingInfo {
  readonly tradingPair: string
  readonly indexPrice: string
  readonly markPrice: string
  /** Of the running period, as a fraction: `0.0001` is 0.01 %. */
  readonly rate: string
  readonly nextFundingTime: number
}

/**
 * A live book. It changes under its holder: read what is needed at once, or copy it. A view whose stream was interrupted
 * stands still at its last good state; the next `data` brings another one.
 */
export interface BookView {
  readonly tradingPair: string
  /** Grows with every change of the book. */
  readonly updateId: number
  readonly time: number
  /** The best levels of one side, best first; all of them without `depth`. */
  side(side: 'bids' | 'asks', depth?: number): readonly BookLevel[]
}

/** Why a stream stood still. The venue's state is unknown from here to the next `data`, which begins anew. */
export type Interruption = 'disconnected' | 'sequence-gap' | 'checksum'
export type StreamItem<T> =
  | { readonly kind: 'data'; readonly value: T }
  | { readonly kind: 'interrupted'; readonly reason: Interruption; readonly error: unknown }

/**
 * Public data as it happens. Every stream runs until its signal aborts, reconnects by itself with jittered back-off and
 * says `interrupted` each time; a slow reader gets the newest state and never a queue that grows. It rejects only with
 * `UnknownPair`, `VenueRefused` or `UnknownConnector`: what no reconnection can heal.
 */
export interface LiveVenue {
  readonly connectorName: string
  book(tradingPair: string, signal: AbortSignal): AsyncIterable<StreamItem<BookView>>
  trades(tradingPair: string, signal: AbortSignal): AsyncIterable<StreamItem<readonly PublicTrade[]>>
  ticker(tradingPair: string, signal: AbortSignal): AsyncIterable<StreamItem<Ticker>>
  /** Rows that changed, oldest first; the last one is the live candle. */
  candles(tradingPair: string, interval: string, signal: AbortSignal): AsyncIterable<StreamItem<readonly Candle[]>>
  funding(tradingPair: string, signal: AbortSignal): AsyncIterable<StreamItem<FundingInfo>>
  close(): Promise<void>
}

/** Public data: needs no key. Every call rejects with `VenueUnavailable`, `UnknownPair` or `VenueRefused` within its timeout. */
export interface PublicVenue {
  readonly connectorName: string
  readonly orderTypes: readonly OrderType[]
  tradingRules(): Promise<readonly VenueRule[]>
  /** Last traded prices. Pairs the venue does not have are missing from the map. */
  prices(tradingPairs: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Every market the venue has a ticker of. */
  tickers(): Promise<readonly Ticker[]>
  ticker(tradingPair: string): Promise<Ticker>
  /** Perpetuals only: a spot venue rejects with `VenueRefused`. */
  fundingInfo(tradingPair: string): Promise<FundingInfo>
  orderBook(tradingPair: string, depth: number): Promise<OrderBook>
  candles(tradingPair: string, interval: string, limit: number, since?: number): Promise<readonly Candle[]>
  /** The newest public trades, at most `limit`, oldest first. */
  trades(tradingPair: string, limit: number): Promise<readonly PublicTrade[]>
  close(): Promise<void>
}

export type AccountUpdate =
  | { readonly kind: 'order'; readonly order: VenueOrderState }
  | { readonly kind: 'fill'; readonly fill: VenueFill }
  /** The stream began, was interrupted or stands again: what happened before must be polled. */
  | { readonly kind: 'gap' }

/** A venue that refuses requests: for going too fast (429), or with a ban of the address (418). */
export interface VenuePause {
  readonly kind: 'throttled' | 'banned'
  /** Epoch milliseconds. */
  readonly until: number
}

/** One account at one venue. */
export interface AccountVenue {
  readonly connectorName: string
  /** Loads markets and measures the clock, so that the first order pays for neither. */
  connect(): Promise<void>
  /** The pause that the venue has imposed on everybody here, if any. During it nothing is sent and every call fails at once. */
  pause(): VenuePause | null
  /** Never rejects: every failure is an outcome. Sends at most one create request. */
  createOrder(order: VenueOrder): Promise<CreateOutcome>
  cancelOrder(order: OrderName, tradingPair: string): Promise<CancelOutcome>
  findOrder(order: OrderName, tradingPair: string): Promise<OrderLookup>
  openOrders(tradingPair?: string): Promise<readonly VenueOrderState[]>
  /** Fills of one pair since a time, oldest first. */
  fills(tradingPair: string, since: number): Promise<readonly VenueFill[]>
  /** All fills of one order; undefined where the venue lists them by pair only, or has more than it lists at once. */
  fillsOf(venueOrderId: string, tradingPair: string): Promise<readonly VenueFill[] | undefined>
  balances(): Promise<readonly VenueBalance[]>
  /** Never rejects: what the venue does not tell is unknown. */
  keyPermissions(): Promise<KeyPermissions>
  /** Perpetuals only, as the rest of this block: what is held, without empty positions. Rejects as a public venue's calls do. */
  positions(): Promise<readonly VenuePosition[]>
  positionMode(): Promise<VenuePositionMode>
  setPositionMode(mode: 'HEDGE' | 'ONEWAY'): Promise<void>
  setLeverage(tradingPair: string, leverage: number): Promise<void>
  /** Since a time, oldest first; empty where the venue does not list them. */
  fundingPayments(since: number): Promise<readonly FundingPayment[]>
  /** Live orders and fills until the signal aborts; reconnects by itself with jittered back-off, saying `gap` each time. */
  updates(signal: AbortSignal): AsyncIterable<AccountUpdate>
  close(): Promise<void>
}

/** The venue cannot be reached or answers nonsense: try later. */
export class VenueUnavailable extends Error {
  override readonly name = 'VenueUnavailable'
  constructor(
    message: string,
    /** Epoch milliseconds until which the venue refuses every request of this address, where it is known. */
    readonly until: number | null = null,
  ) {
    super(message)
  }
}
/** The venue understood and said no. */
export class VenueRefused extends Error {
  override readonly name = 'VenueRefused'
}
export class UnknownPair extends Error {
  override readonly name = 'UnknownPair'
}
export class UnknownConnector extends Error {
  override readonly name = 'UnknownConnector'
}

/** Credentials by connector field name, as `connectors/<connector>.yml` holds them (`binance_api_key: …`). */
export type Credentials = Readonly<Record<string, string>>

/** Requests of `cost` units in sum that may go out in any `windowMs`: what Colibri may use of a venue's budget. */
export interface VenueLimit {
  readonly cost: number
  readonly windowMs: number
}

/** Base URLs and limits by connector, from `venues.yml`. */
export type VenueUrls = Readonly<
  Record<string, { readonly rest?: string; readonly ws?: string; readonly limit?: VenueLimit }>
>

/**
 * Asked for every request of an account after it is signed, as the last thing before it goes to the socket: whether this
 * process may still send for the account. Undefined: it may, at once.
 */
export type Clearance = () => Promise<'clear' | { readonly reason: string }> | undefined

export interface Venues {
  /** Every name of the catalogue, also those that cannot be used. */
  connectorNames(): readonly string[]
  /** Shared: one per connector. Throws `UnknownConnector`, with the reason where the connector cannot be used. */
  publicVenue(connectorName: string): PublicVenue
  /** Shared: one per connector. Throws `UnknownConnector`, with the reason where the connector cannot be used. */
  liveVenue(connectorName: string): LiveVenue
  /** The caller's own: close it when its credentials change. Throws `UnknownConnector`. */
  accountVenue(connectorName: string, credentials: Credentials, clearance?: Clearance): AccountVenue
  close(): Promise<void>
}
