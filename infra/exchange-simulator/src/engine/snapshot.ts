import type { ClockState } from '../clock.ts'
import type { PriceControl, Trade } from '../replay/tape.ts'
import type { MarginType, OrderAccepted, OrderFilled, OrderStatus } from './events.ts'
import { Exact, findInstrument, type Instrument } from './instruments.ts'
import type { ApiKey } from './keys.ts'
import {
  type Account,
  type CreateRequests,
  clientKey,
  type ExchangeState,
  type Fill,
  type Income,
  listOf,
  type Order,
  type Position,
} from './state.ts'

/** The whole state as JSON: what a journal begins with once its first events have been folded away. */
export interface Snapshot {
  readonly clock: ClockState | null
  readonly lastTime: number
  readonly lastOrderId: number
  readonly lastTradeId: number
  readonly lastIncomeId: number
  readonly controls: readonly { readonly key: string; readonly control: PriceControl }[]
  readonly prints: readonly { readonly key: string; readonly trade: Trade }[]
  readonly requests: readonly CreateRequests[]
  readonly accounts: readonly AccountSnapshot[]
  readonly orders: readonly OrderSnapshot[]
}

interface AccountSnapshot
  extends Pick<Account, 'id' | 'apiKey' | 'apiSecret' | 'initial' | 'income' | 'hedged' | 'spotUpdatedAt'> {
  readonly keys?: readonly Omit<ApiKey, 'account'>[]
  readonly spot: readonly (readonly [asset: string, free: string, locked: string])[]
  readonly wallet: readonly (readonly [asset: string, amount: string])[]
  readonly positions: readonly (Omit<Position, 'cost'> & { readonly cost: string })[]
  readonly leverage: readonly (readonly [symbol: string, leverage: number])[]
  readonly marginType: readonly (readonly [symbol: string, type: MarginType])[]
}

interface OrderSnapshot extends Omit<OrderAccepted, 'type'> {
  readonly executedLots: number
  readonly executedAmount: string
  readonly remaining: number
  readonly status: OrderStatus
  readonly updatedAt: number
  readonly cancelId: string
  readonly fills: readonly OrderFilled[]
}

export const takeSnapshot = (state: ExchangeState): Snapshot => ({
  clock: state.clock,
  lastTime: state.lastTime,
  lastOrderId: state.lastOrderId,
  lastTradeId: state.lastTradeId,
  lastIncomeId: state.lastIncomeId,
  controls: state.controls.map(({ key, control }) => ({ key, control })),
  prints: state.prints.map(({ key, trade }) => ({ key, trade })),
  requests: [...state.requests.values()].map(({ account, market, symbol, clientOrderId, times }) => ({
    account,
    market,
    symbol,
    clientOrderId,
    times,
  })),
  accounts: [...state.accounts.values()].map((account) => ({
    ...accountSnapshot(account),
    keys: keysOf(state, account),
  })),
  orders: [...state.orders.values()].map(orderSnapshot),
})

const keysOf = (state: ExchangeState, account: Account): Omit<ApiKey, 'account'>[] =>
  [...state.keys.values()].filter((key) => key.account === account).map(({ account: _, ...key }) => key)

const accountSnapshot = (account: Account): AccountSnapshot => ({
  id: account.id,
  apiKey: account.apiKey,
  apiSecret: account.apiSecret,
  initial: account.initial,
  income: account.income,
  hedged: account.hedged,
  spotUpdatedAt: account.spotUpdatedAt,
  spot: [...account.spot].map(([asset, { free, locked }]) => [asset, free.toFixed(), locked.toFixed()]),
  wallet: [...account.wallet].map(([asset, amount]) => [asset, amount.toFixed()]),
  positions: [...account.positions.values()].map((position) => ({ ...position, cost: position.cost.toFixed() })),
  leverage: [...account.leverage],
  marginType: [...account.marginType],
})

const orderSnapshot = ({ instrument: _, executedAmount, fills, ...order }: Order): OrderSnapshot => ({
  ...order,
  executedAmount: executedAmount.toString(),
  fills: fills.map(({ order: __, ...fill }) => fill),
})

/** Brings a fresh state to where the snapshot was taken. */
export const restoreSnapshot = (state: ExchangeState, snapshot: Snapshot): void => {
  state.clock = snapshot.clock
  state.lastTime = snapshot.lastTime
  state.lastOrderId = snapshot.lastOrderId
  state.lastTradeId = snapshot.lastTradeId
  state.lastIncomeId = snapshot.lastIncomeId
  state.controls.push(...snapshot.controls)
  state.prints.push(...snapshot.prints)
  for (const request of snapshot.requests) state.addRequests(request)
  for (const account of snapshot.accounts) state.addAccount(accountOf(account), account.keys)
  const fills: Fill[] = []
  for (const { fills: told, executedAmount, ...rest } of snapshot.orders) {
    const order: Order = {
      ...rest,
      instrument: findInstrument(rest.market, rest.symbol) as Instrument,
      executedAmount: BigInt(executedAmount),
      fills: [],
    }
    for (const fill of told) order.fills.push({ ...fill, order })
    fills.push(...order.fills)
    addOrder(state, order)
  }
  fills.sort((a, b) => a.tradeId - b.tradeId)
  for (const fill of fills) {
    listOf((state.accounts.get(fill.order.account) as Account).fills, fill.order.instrument.key).push(fill)
  }
}

const accountOf = ({ keys: _, ...account }: AccountSnapshot): Account => ({
  ...account,
  income: [...account.income] as Income[],
  spot: new Map(
    account.spot.map(([asset, free, locked]) => [asset, { free: new Exact(free), locked: new Exact(locked) }]),
  ),
  wallet: new Map(account.wallet.map(([asset, amount]) => [asset, new Exact(amount)])),
  positions: new Map(
    account.positions.map((position) => [
      `${position.symbol} ${position.side}`,
      { ...position, cost: new Exact(position.cost) },
    ]),
  ),
  leverage: new Map(account.leverage),
  marginType: new Map(account.marginType),
  orders: new Map(),
  fills: new Map(),
  open: new Map(),
  byClientOrderId: new Map(),
})

const addOrder = (state: ExchangeState, order: Order): void => {
  const account = state.accounts.get(order.account) as Account
  state.orders.set(order.id, order)
  listOf(account.orders, order.instrument.key).push(order)
  account.byClientOrderId.set(clientKey(order.instrument, order.clientOrderId), order)
  if (order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED') return
  account.open.set(order.id, order)
  if (order.orderType !== 'MARKET') state.restingOf(order.instrument).add(order)
}
