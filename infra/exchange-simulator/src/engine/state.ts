import type { ClockState } from '../clock.ts'
import type { PriceControl, Trade } from '../replay/tape.ts'
import type { ExchangeEvent, MarginType, OrderAccepted, OrderFilled, OrderStatus, PositionSide } from './events.ts'
import { addToWallet, afterFill, balanceOf, lock, lockedBy, positionOf, settleSpot } from './holdings.ts'
import { Exact, findInstrument, type Instrument, type Market, zero } from './instruments.ts'
import { type ApiKey, defaultPermissions } from './keys.ts'
import { RestingOrders } from './resting.ts'

export interface Order extends Omit<OrderAccepted, 'type'> {
  readonly instrument: Instrument
  executedLots: number
  /** Ticks × lots. */
  executedAmount: bigint
  remaining: number
  status: OrderStatus
  updatedAt: number
  cancelId: string
  readonly fills: Fill[]
}

export interface Fill extends OrderFilled {
  readonly order: Order
}

export interface Balance {
  free: Exact
  locked: Exact
}

export interface Position {
  readonly symbol: string
  readonly side: PositionSide
  /** Signed: negative is short. */
  lots: number
  /** Price × quantity of what is held, unsigned: exact, where an average price would be rounded. */
  cost: Exact
  updatedAt: number
}

export interface Income {
  readonly id: number
  readonly symbol: string
  readonly kind: 'FUNDING_FEE' | 'REALIZED_PNL' | 'COMMISSION'
  readonly amount: string
  readonly asset: string
  readonly tradeId: string
  readonly time: number
}

export interface Account {
  readonly id: string
  apiKey: string
  apiSecret: string
  readonly initial: {
    readonly spot: Readonly<Record<string, string>>
    readonly futures: Readonly<Record<string, string>>
  }
  readonly spot: Map<string, Balance>
  readonly wallet: Map<string, Exact>
  readonly positions: Map<string, Position>
  readonly leverage: Map<string, number>
  readonly marginType: Map<string, MarginType>
  readonly income: Income[]
  hedged: boolean
  spotUpdatedAt: number
  readonly orders: Map<string, Order[]>
  readonly fills: Map<string, Fill[]>
  readonly open: Map<number, Order>
  readonly byClientOrderId: Map<string, Order>
}

export interface CreateRequests {
  readonly account: string
  readonly market: Market
  readonly symbol: string
  readonly clientOrderId: string
  readonly times: number[]
}

export const defaultLeverage = 20

/** Everything the exchange knows, and nothing but the fold of its events. */
export class ExchangeState {
  readonly accounts = new Map<string, Account>()
  readonly keys = new Map<string, ApiKey>()
  readonly orders = new Map<number, Order>()
  readonly resting = new Map<string, RestingOrders>()
  readonly requests = new Map<string, CreateRequests>()
  readonly controls: { key: string; control: PriceControl }[] = []
  readonly prints: { key: string; trade: Trade }[] = []
  clock: ClockState | null = null
  lastTime = 0
  lastOrderId = 0
  lastTradeId = 0
  lastIncomeId = 0

  restingOf(instrument: Instrument): RestingOrders {
    let resting = this.resting.get(instrument.key)
    if (!resting) {
      resting = new RestingOrders()
      this.resting.set(instrument.key, resting)
    }
    return resting
  }

  apply(event: ExchangeEvent): void {
    if ('time' in event && event.time > this.lastTime) this.lastTime = event.time
    switch (event.type) {
      case 'AccountOpened':
        this.#open(event)
        return
      case 'KeyAdded': {
        const account = this.accounts.get(event.account)
        const { apiKey, apiSecret, permissions } = event
        if (account) this.keys.set(apiKey, { account, apiKey, apiSecret, permissions })
        return
      }
      case 'KeyRevoked':
        this.keys.delete(event.apiKey)
        return
      case 'CreateRequested': {
        const { type: _, time, ...request } = event
        this.addRequests({ ...request, times: [time] })
        return
      }
      case 'OrderAccepted':
        this.#accept(event)
        return
      case 'OrderFilled':
        this.#fill(event)
        return
      case 'OrderClosed': {
        const order = this.orders.get(event.orderId) as Order
        order.status = event.status
        order.cancelId = event.cancelId
        this.#close(order, event.time)
        return
      }
      case 'LeverageSet':
        this.accounts.get(event.account)?.leverage.set(event.symbol, event.leverage)
        return
      case 'MarginTypeSet':
        this.accounts.get(event.account)?.marginType.set(event.symbol, event.marginType)
        return
      case 'PositionModeSet': {
        const account = this.accounts.get(event.account)
        if (account) account.hedged = event.hedged
        return
      }
      case 'FundingPaid': {
        const account = this.accounts.get(event.account) as Account
        addToWallet(account, event.asset, new Exact(event.amount))
        this.lastIncomeId = Math.max(this.lastIncomeId, event.id)
        account.income.push({ ...event, kind: 'FUNDING_FEE', tradeId: '' })
        return
      }
      case 'BalanceMoved':
        this.#moveBalance(event)
        return
      case 'PositionMoved': {
        const account = this.accounts.get(event.account) as Account
        const instrument = findInstrument('futures', event.symbol) as Instrument
        const position = positionOf(account, event.symbol, event.side)
        const side = event.lots > 0 ? 'BUY' : 'SELL'
        const fill = { price: event.price, lots: Math.abs(event.lots) }
        const change = afterFill(position, { instrument, side }, fill)
        addToWallet(account, instrument.quote, change.realized)
        position.lots = change.lots
        position.cost = change.cost
        position.updatedAt = event.time
        return
      }
      case 'PriceControlled':
        this.controls.push(event)
        return
      case 'TradePrinted':
        this.prints.push(event)
        if (event.trade.time > this.lastTime) this.lastTime = event.trade.time
        return
      case 'ClockMoved':
        this.clock = event.clock
        return
    }
  }

  #moveBalance({ account: id, market, asset, amount }: Extract<ExchangeEvent, { type: 'BalanceMoved' }>): void {
    const account = this.accounts.get(id) as Account
    if (market === 'futures') {
      addToWallet(account, asset, new Exact(amount))
      return
    }
    const balance = balanceOf(account, asset)
    balance.free = balance.free.add(amount)
  }

  #open(event: Extract<ExchangeEvent, { type: 'AccountOpened' }>): void {
    const known = this.accounts.get(event.account)
    if (known) {
      this.keys.delete(known.apiKey)
      known.apiKey = event.apiKey
      known.apiSecret = event.apiSecret
      this.#firstKey(known)
      return
    }
    const account: Account = {
      id: event.account,
      apiKey: event.apiKey,
      apiSecret: event.apiSecret,
      initial: { spot: event.spot, futures: event.futures },
      spot: new Map(
        Object.entries(event.spot).map(([asset, free]) => [asset, { free: new Exact(free), locked: zero }]),
      ),
      wallet: new Map(Object.entries(event.futures).map(([asset, amount]) => [asset, new Exact(amount)])),
      positions: new Map(),
      leverage: new Map(),
      marginType: new Map(),
      income: [],
      hedged: false,
      spotUpdatedAt: 0,
      orders: new Map(),
      fills: new Map(),
      open: new Map(),
      byClientOrderId: new Map(),
    }
    this.accounts.set(account.id, account)
    this.#firstKey(account)
  }

  /** The key an account was opened with. */
  #firstKey(account: Account): void {
    const { apiKey, apiSecret } = account
    this.keys.set(apiKey, { account, apiKey, apiSecret, permissions: defaultPermissions })
  }

  /** An account of a snapshot; one from before there were several keys has its first. */
  addAccount(account: Account, keys: readonly Omit<ApiKey, 'account'>[] | undefined): void {
    this.accounts.set(account.id, account)
    if (keys === undefined) this.#firstKey(account)
    else for (const key of keys) this.keys.set(key.apiKey, { ...key, account })
  }

  addRequests(requests: CreateRequests): void {
    const key = `${requests.account} ${requests.market} ${requests.clientOrderId}`
    const known = this.requests.get(key)
    if (known) known.times.push(...requests.times)
    else this.requests.set(key, { ...requests, times: [...requests.times] })
  }

  #accept(event: OrderAccepted): void {
    const instrument = findInstrument(event.market, event.symbol) as Instrument
    const { type: _, ...details } = event
    const order: Order = {
      ...details,
      instrument,
      executedLots: 0,
      executedAmount: 0n,
      remaining: event.lots,
      status: 'NEW',
      updatedAt: event.time,
      cancelId: '',
      fills: [],
    }
    const account = this.accounts.get(event.account) as Account
    this.orders.set(order.id, order)
    this.lastOrderId = Math.max(this.lastOrderId, order.id)
    listOf(account.orders, instrument.key).push(order)
    account.byClientOrderId.set(clientKey(instrument, order.clientOrderId), order)
    account.open.set(order.id, order)
    if (order.orderType === 'MARKET') return
    if (order.market === 'spot') {
      lock(account, ...lockedBy(order, order.lots))
      account.spotUpdatedAt = event.time
    }
    this.restingOf(instrument).add(order)
  }

  #fill(event: OrderFilled): void {
    const order = this.orders.get(event.orderId) as Order
    const account = this.accounts.get(order.account) as Account
    const fill: Fill = { ...event, order }
    order.fills.push(fill)
    listOf(account.fills, order.instrument.key).push(fill)
    this.lastTradeId = Math.max(this.lastTradeId, event.tradeId)
    order.executedLots += event.lots
    order.executedAmount += BigInt(event.price) * BigInt(event.lots)
    order.remaining -= event.lots
    order.updatedAt = event.time
    if (order.market === 'spot') settleSpot(account, order, event)
    else this.#settleFutures(account, order, event)
    order.status = order.remaining === 0 ? 'FILLED' : 'PARTIALLY_FILLED'
    if (order.remaining === 0) this.#close(order, event.time)
  }

  #settleFutures(account: Account, order: Order, event: OrderFilled): void {
    addToWallet(account, event.feeAsset, new Exact(event.fee).neg())
    addToWallet(account, order.instrument.quote, new Exact(event.realizedProfit))
    const income = { symbol: order.symbol, asset: event.feeAsset, tradeId: String(event.tradeId), time: event.time }
    account.income.push({
      ...income,
      id: ++this.lastIncomeId,
      kind: 'COMMISSION',
      amount: new Exact(event.fee).neg().toFixed(),
    })
    if (event.realizedProfit !== '0')
      account.income.push({ ...income, id: ++this.lastIncomeId, kind: 'REALIZED_PNL', amount: event.realizedProfit })
    const position = positionOf(account, order.symbol, order.positionSide)
    const change = afterFill(position, order, event)
    position.lots = change.lots
    position.cost = change.cost
    position.updatedAt = event.time
  }

  #close(order: Order, time: number): void {
    const account = this.accounts.get(order.account) as Account
    order.updatedAt = time
    account.open.delete(order.id)
    if (order.orderType === 'MARKET') return
    this.restingOf(order.instrument).remove(order)
    if (order.market === 'spot' && order.remaining > 0) {
      const [asset, amount] = lockedBy(order, order.remaining)
      lock(account, asset, amount.neg())
      account.spotUpdatedAt = time
    }
  }
}

export const clientKey = (instrument: Instrument, clientOrderId: string): string => `${instrument.key} ${clientOrderId}`

export const listOf = <T>(map: Map<string, T[]>, key: string): T[] => {
  let list = map.get(key)
  if (!list) {
    list = []
    map.set(key, list)
  }
  return list
}
