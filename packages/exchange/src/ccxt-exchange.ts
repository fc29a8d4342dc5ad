import { z } from 'zod'
import { type BaseUrls, originalUrl, type UrlTree, withBaseUrls } from './base-urls.ts'
import type { Connector } from './catalogue.ts'
import { type Paced, pace } from './paced-exchange.ts'
import type { RateBudgets } from './rate-budget/rate-budgets.ts'
import { type Priority, type RateLimit, rateLimitOf } from './rate-budget/rate-limit.ts'
import type { SharedMarkets } from './shared-markets.ts'
import { bearUnawaitedFailures } from './unawaited-failures.ts'
import { type Clearance, type Credentials, UnknownConnector } from './venue.ts'
import { currentWireCall, NotSent } from './wire.ts'

type Params = Readonly<Record<string, unknown>>
type OrderSide = 'buy' | 'sell'

/** The part of a ccxt exchange that Colibri calls. Replies are `unknown`: they are parsed before they are believed. */
export interface CcxtExchange {
  readonly id: string
  readonly has: Record<string, unknown>
  readonly options: Record<string, unknown>
  readonly rateLimit: number
  readonly rollingWindowSize?: number
  readonly timeframes: Record<string, unknown> | undefined
  readonly clients: Record<string, { readonly isConnected: boolean }> | undefined
  urls: Record<string, unknown>
  markets: Record<string, unknown> | undefined
  hostname?: string
  walletAddress?: string
  privateKey?: string
  setSandboxMode(enabled: boolean): void
  loadHttpProxyAgent(): Promise<unknown>
  loadFetchImplementation(): Promise<unknown>
  loadMarkets(reload?: boolean): Promise<unknown>
  setMarketsFromExchange(source: CcxtExchange): unknown
  loadTimeDifference(): Promise<unknown>
  fetchPositionMode(symbol?: string): Promise<unknown>
  setPositionMode(hedged: boolean): Promise<unknown>
  fetchPositions(): Promise<unknown>
  fetchFundingHistory(symbol: string | undefined, since: number, limit: number): Promise<unknown>
  fetchFundingRateHistory(symbol: string, since: number, limit: number): Promise<unknown>
  setLeverage(leverage: number, symbol: string): Promise<unknown>
  fetchTickers(symbols?: string[]): Promise<unknown>
  fetchTicker(symbol: string): Promise<unknown>
  fetchOrderBook(symbol: string, limit?: number): Promise<unknown>
  fetchOHLCV(symbol: string, timeframe: string, since?: number, limit?: number): Promise<unknown>
  fetchTrades(symbol: string, since?: number, limit?: number): Promise<unknown>
  fetchFundingRate(symbol: string): Promise<unknown>
  fetchMarkPrice(symbol: string): Promise<unknown>
  fetchBalance(): Promise<unknown>
  createOrder(
    symbol: string,
    type: 'limit' | 'market',
    side: OrderSide,
    amount: string,
    price: string | undefined,
    params: Params,
  ): Promise<unknown>
  cancelOrder(id: string | undefined, symbol: string, params: Params): Promise<unknown>
  fetchOrder(id: string | undefined, symbol: string, params: Params): Promise<unknown>
  fetchOpenOrders(symbol?: string): Promise<unknown>
  fetchClosedOrders(symbol: string): Promise<unknown>
  fetchOrders(symbol: string): Promise<unknown>
  fetchMyTrades(symbol: string, since?: number, limit?: number, params?: Params): Promise<unknown>
  watchOrders(): Promise<unknown>
  watchMyTrades(): Promise<unknown>
  amountToPrecision(symbol: string, amount: string): string
  priceToPrecision(symbol: string, price: string): string
  parseTimeframe(timeframe: string): number
  safeString(row: unknown, key: string | number): string | undefined
  ethGetAddressFromPrivateKey(privateKey: string): string
  throttle(cost?: number | string): Promise<unknown>
  client(url: string): { readonly isConnected: boolean; future(messageHash: string): Promise<unknown> }
  fetch2(path: string, section: unknown, ...request: unknown[]): Promise<unknown>
  fetch(url: string, method?: string, headers?: unknown, body?: unknown): Promise<unknown>
  handleErrors(...reply: ErrorReply): unknown
  parseOrderBook(...reply: BookReply): unknown
  parseOHLCV(row: unknown, market?: unknown): unknown
  delay(timeout: number, method: (...args: unknown[]) => unknown, ...args: unknown[]): void
  /** Binance only: whether a stream's address is that of the spot exchange. */
  isSpotUrl?(client: { readonly url: string }): boolean
  close(): Promise<unknown>
}

type ErrorReply = [
  status: number,
  reason: string,
  url: string,
  method: string,
  headers: unknown,
  body: string,
  response: unknown,
  requestHeaders: unknown,
  requestBody: unknown,
]

type BookReply = [
  book: Readonly<Record<string, unknown>>,
  symbol: string,
  timestamp?: number,
  bidsKey?: string,
  asksKey?: string,
  priceKey?: string | number,
  amountKey?: string | number,
  countKey?: string | number,
]

type CcxtConstructor = new (config: Readonly<Record<string, unknown>>) => CcxtExchange

const moduleShape = z.object({ default: z.custom<CcxtConstructor>((value) => typeof value === 'function') })

/** Loads one exchange class by URL: the package's main door loads all hundred of them. */
const loadClass = async (id: string, door: 'rest' | 'streams'): Promise<CcxtConstructor> => {
  const path = door === 'streams' ? `./src/pro/${id}.js` : `./src/${id}.js`
  return moduleShape.parse(await import(new URL(path, import.meta.resolve('ccxt')).href)).default
}

const urlTree: z.ZodType<UrlTree> = z.lazy(() => z.union([z.string(), z.record(z.string(), urlTree)]))

/** The market types of one connector, in whichever shape this exchange keeps its `fetchMarkets` option. */
const onlyMarkets = (configured: unknown, market: Connector['market']): Record<string, unknown> | undefined => {
  const wanted = market === 'spot' ? ['spot'] : ['swap', 'linear', 'contract']
  const parsed = z
    .object({ types: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]) })
    .safeParse(configured)
  if (!parsed.success) return undefined
  const { types } = parsed.data
  return {
    types: Array.isArray(types)
      ? types.filter((type) => wanted.includes(type))
      : Object.fromEntries(Object.entries(types).map(([type, on]) => [type, wanted.includes(type) ? on : false])),
  }
}

const okxHosts: Readonly<Record<string, string>> = { www: 'www.okx.com', app: 'us.okx.com', my: 'eea.okx.com' }

const applyCredentials = (exchange: CcxtExchange, connector: Connector, credentials: Credentials): void => {
  const target: Record<string, unknown> = {}
  for (const [field, property] of Object.entries(connector.credentials)) {
    const value = credentials[field]
    if (value === undefined) continue
    if (property.startsWith('options.')) exchange.options[property.slice('options.'.length)] = value
    else target[property] = value
  }
  Object.assign(exchange, target)
  const field = (suffix: string) => Object.entries(credentials).find(([name]) => name.endsWith(suffix))?.[1]
  if (exchange.id === 'derive' && exchange.privateKey) {
    exchange.walletAddress = exchange.ethGetAddressFromPrivateKey(exchange.privateKey)
  }
  if (exchange.id === 'hyperliquid' && /^(true|yes|1)$/i.test(credentials.use_vault ?? '')) {
    exchange.options.vaultAddress = exchange.walletAddress
  }
  if (exchange.id === 'okx') {
    const host = okxHosts[field('registration_sub_domain') ?? 'www']
    if (host !== undefined) exchange.hostname = host
  }
  if (connector.name === 'kucoin_hft') exchange.options.hf = true
}

const exactBook = (exchange: CcxtExchange): CcxtExchange['parseOrderBook'] => {
  const side = (rows: unknown, price: string | number, amount: string | number) =>
    (Array.isArray(rows) ? rows : []).map((row) => [exchange.safeString(row, price), exchange.safeString(row, amount)])
  return (book, symbol, timestamp, bids = 'bids', asks = 'asks', price = 0, amount = 1) => ({
    symbol,
    timestamp,
    bids: side(book[bids], price, amount),
    asks: side(book[asks], price, amount),
  })
}

/** ccxt renews listen keys by timers of its own, which would outlive the exchange and keep the process running. */
const ownTimers = (exchange: CcxtExchange): void => {
  const timers = new Set<NodeJS.Timeout>()
  exchange.delay = (timeout, method, ...args) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      // What fails here shows in the stream it was meant for, which then connects again.
      Promise.resolve(method.apply(exchange, args)).catch(() => undefined)
    }, timeout)
    timers.add(timer)
  }
  const close = exchange.close.bind(exchange)
  exchange.close = async () => {
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
    return close()
  }
}

export interface ExchangeSettings {
  readonly urls: BaseUrls
  readonly timeoutMs: number
  readonly door: 'rest' | 'streams'
  readonly budgets: RateBudgets
  /** Of requests that do not say their own. */
  readonly priority: Priority
  /** Instead of the venue's own limit. */
  readonly limit?: RateLimit
  readonly credentials?: Credentials
  readonly clearance?: Clearance
  /** Of the connector; its own when absent. */
  readonly markets?: SharedMarkets
}

const isSimulator = (connector: Connector): boolean => connector.name.startsWith('simulator')

/** A venue of one's own has no limit unless it is given one. */
const limitOf = (connector: Connector, exchange: CcxtExchange, { limit }: ExchangeSettings): RateLimit | null =>
  limit ?? (isSimulator(connector) ? null : rateLimitOf(exchange))

/**
 * One ccxt exchange, set up for exact numbers and for requests whose fate is known: no retries, no unbounded queue, no
 * fees or tags for third parties. Throws `UnknownConnector` for a connector that ccxt lacks.
 */
export const openExchange = async (connector: Connector, settings: ExchangeSettings): Promise<CcxtExchange & Paced> => {
  if (connector.ccxt.kind === 'absent') {
    throw new UnknownConnector(`Connector ${connector.name} cannot be used: ${connector.ccxt.reason}`)
  }
  if (isSimulator(connector) && settings.urls.rest === undefined) {
    throw new UnknownConnector(`Connector ${connector.name} cannot be used: its REST address is not configured`)
  }
  const door = connector.ccxt.streams ? settings.door : 'rest'
  const Exchange = await loadClass(connector.ccxt.id, door)
  const exchange = new Exchange({ number: String, timeout: settings.timeoutMs, enableRateLimit: true })
  if (connector.ccxt.mode === 'sandbox') exchange.setSandboxMode(true)

  const { options, has } = exchange
  has.fetchCurrencies = false
  options.maxRetriesOnFailure = 0
  options.defaultType = connector.market === 'spot' ? 'spot' : 'swap'
  options.fetchMargins = false
  options.builderFee = false
  options.warnOnFetchOpenOrdersWithoutSymbol = false
  options.adjustForTimeDifference = false
  const markets = onlyMarkets(options.fetchMarkets, connector.market)
  if (markets !== undefined && typeof options.fetchMarkets === 'object') {
    options.fetchMarkets = { ...options.fetchMarkets, ...markets }
  }
  // Our own loop backs off before it reconnects; twice would only make the gap longer.
  options.ws = { ...(typeof options.ws === 'object' ? options.ws : {}), backoff: { base: 0 } }
  if (settings.credentials !== undefined) applyCredentials(exchange, connector, settings.credentials)

  const tree = urlTree.safeParse(exchange.urls.api)
  if (tree.success && (settings.urls.rest !== undefined || settings.urls.ws !== undefined)) {
    exchange.urls = { ...exchange.urls, api: withBaseUrls(tree.data, settings.urls) }
  }
  const original = tree.success ? originalUrl(tree.data, settings.urls) : (url: string) => url

  const fetch = exchange.fetch.bind(exchange)
  exchange.fetch = async (url, method, headers, body) => {
    const wire = currentWireCall()
    if (wire?.closed) throw new NotSent('the call had already been answered')
    // Signed already: nothing that takes time may come between this answer and the socket.
    const clearing = settings.clearance?.()
    if (clearing !== undefined) {
      const refused = await clearing
      if (refused !== 'clear') throw new NotSent(refused.reason)
      if (wire?.closed) throw new NotSent('the call had already been answered')
    }
    if (wire !== undefined) wire.sent += 1
    return fetch(url, method, headers, body)
  }
  const handleErrors = exchange.handleErrors.bind(exchange)
  exchange.handleErrors = (status, reason, url, ...rest) => {
    const wire = currentWireCall()
    if (wire !== undefined) {
      wire.status = status
      wire.structured = typeof rest[3] === 'object' && rest[3] !== null
    }
    return handleErrors(status, reason, original(url), ...rest)
  }
  const paced = pace(exchange, {
    budgets: settings.budgets,
    limit: limitOf(connector, exchange, settings),
    priority: settings.priority,
    patienceMs: settings.timeoutMs / 2,
  })
  exchange.parseOrderBook = exactBook(exchange)
  ownTimers(exchange)
  bearUnawaitedFailures(exchange)
  const isSpotUrl = exchange.isSpotUrl?.bind(exchange)
  if (isSpotUrl !== undefined) exchange.isSpotUrl = ({ url }) => isSpotUrl({ url: original(url) })
  await exchange.loadFetchImplementation()
  await exchange.loadHttpProxyAgent()
  return Object.assign(exchange, paced)
}
