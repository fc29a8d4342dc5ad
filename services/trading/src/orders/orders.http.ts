import {
  type ActiveOrdersRequest,
  activeOrdersRequest,
  cancelOrderPath,
  legacyCancelQuery,
  type OrderHistory,
  type OrdersPage,
  type OrderWhy,
  orderPath,
  type PastQuery,
  type PlaceOrderRequest,
  type PlaceOrderResponse,
  pastQuery,
  placeOrderRequest,
  type SearchOrdersRequest,
  type SearchTradesRequest,
  searchOrdersRequest,
  searchTradesRequest,
  type TradesPage,
} from '@colibri/contracts'
import { ApiError, badRequest, notFound, unavailable, Validated } from '@colibri/service-kit'
import { Controller, Delete, Get, Headers, HttpCode, Inject, Post } from '@nestjs/common'
import type { z } from 'zod'
import type { Cancelled, CancelOrder } from './cancel-order.ts'
import type { OrderRequest } from './check-order.ts'
import type { RequestCause } from './order-streams.ts'
import type { OrdersQueries } from './orders.queries.ts'
import type { Placed } from './place-order.ts'

export const ORDERS = Symbol('orders')

/** The use cases as the controller sees them. */
export interface Orders {
  place(request: OrderRequest, cause: RequestCause, idempotencyKey: string | undefined): Promise<Placed>
  cancel(request: CancelOrder, cause: RequestCause): Promise<Cancelled>
  accountExists(accountName: string): Promise<boolean>
  cause(): RequestCause
  readonly queries: OrdersQueries
}

const KEY_PATTERN = /^[\x20-\x7e]{1,255}$/

/** Throws 400 for a header that is no usable key. */
export const checkIdempotencyKey = (key: string | undefined): void => {
  if (key === undefined || KEY_PATTERN.test(key)) return
  throw badRequest('Invalid Idempotency-Key: it must be 1 to 255 printable ASCII characters')
}

const requestOf = (body: PlaceOrderRequest): OrderRequest => ({
  accountName: body.account_name,
  connectorName: body.connector_name,
  tradingPair: body.trading_pair,
  tradeType: body.trade_type,
  orderType: body.order_type,
  amount: body.amount,
  price: body.price,
  positionAction: body.position_action,
})

/** Every refusal of a placement in the contract's words. */
export const placedReply = (
  placed: Placed,
  request: OrderRequest,
  idempotencyKey: string | undefined,
): PlaceOrderResponse => {
  const { accountName: account, connectorName: connector } = request
  switch (placed.kind) {
    case 'placed':
      return {
        order_id: placed.intent.clientOrderId,
        account_name: placed.intent.accountName,
        connector_name: placed.intent.connectorName,
        trading_pair: placed.intent.tradingPair,
        trade_type: placed.intent.tradeType,
        amount: placed.intent.requestedAmount,
        order_type: placed.intent.orderType,
        price: placed.intent.requestedPrice,
        status: 'submitted',
      }
    case 'unknown-account':
      throw notFound(`Account '${account}' not found`)
    case 'unknown-connector':
      throw notFound(`Connector '${connector}' not found`)
    case 'no-credentials':
      throw badRequest(`Account '${account}' has no credentials for connector '${connector}'`)
    case 'unreadable-credentials':
      throw new ApiError(
        500,
        `Failed to place trade: the credentials of '${account}' for '${connector}' cannot be read`,
      )
    case 'rules-not-loaded':
      throw unavailable(`Trading rules not yet loaded for ${connector}. Please try again in a moment.`)
    case 'venue-paused': {
      const what = placed.pause.kind === 'banned' ? 'has banned this address' : 'has asked for a pause'
      throw unavailable(
        `${connector} ${what} until ${new Date(placed.pause.until).toISOString()}: the order was not sent`,
      )
    }
    case 'refused':
      throw badRequest(placed.detail)
    case 'halted':
      throw new ApiError(409, placed.detail)
    case 'key-reused':
      throw badRequest(`Idempotency-Key '${idempotencyKey}' was already used for a different order`)
  }
}

@Controller('trading')
export class OrdersController {
  constructor(@Inject(ORDERS) private readonly orders: Orders) {}

  @Post('orders')
  @HttpCode(201)
  async place(
    @Validated('body', placeOrderRequest) body: PlaceOrderRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
  ): Promise<PlaceOrderResponse> {
    checkIdempotencyKey(idempotencyKey)
    const request = requestOf(body)
    return placedReply(await this.orders.place(request, this.orders.cause(), idempotencyKey), request, idempotencyKey)
  }

  @Post('orders/active')
  @HttpCode(200)
  active(
    @Validated('body', activeOrdersRequest) body: ActiveOrdersRequest,
    @Validated('query', pastQuery) query: PastQuery,
  ): Promise<OrdersPage> {
    return this.orders.queries.active({ ...body, as_of: body.as_of ?? query.as_of })
  }

  @Get('orders')
  activeByQuery(@Validated('query', activeOrdersRequest) query: ActiveOrdersRequest): Promise<OrdersPage> {
    return this.orders.queries.active(query)
  }

  @Post('orders/search')
  @HttpCode(200)
  search(
    @Validated('body', searchOrdersRequest) body: SearchOrdersRequest,
    @Validated('query', pastQuery) query: PastQuery,
  ): Promise<OrdersPage> {
    return this.orders.queries.search({ ...body, as_of: body.as_of ?? query.as_of })
  }

  @Post('trades')
  @HttpCode(200)
  trades(
    @Validated('body', searchTradesRequest) body: SearchTradesRequest,
    @Validated('query', pastQuery) query: PastQuery,
  ): Promise<TradesPage> {
    return this.orders.queries.trades({ ...body, as_of: body.as_of ?? query.as_of })
  }

  /** An older name of the trades, filtered by query. */
  @Get('history')
  tradesByQuery(@Validated('query', searchTradesRequest) query: SearchTradesRequest): Promise<TradesPage> {
    return this.orders.queries.trades(query)
  }

  @Get('orders/:client_order_id/events')
  async events(@Validated('path', orderPath) path: z.infer<typeof orderPath>): Promise<OrderHistory> {
    const history = await this.orders.queries.history(path.client_order_id)
    if (history === undefined) throw notFound(`Order '${path.client_order_id}' not found`)
    return history
  }

  /** What led to the order and its fills, from the newest event back to the request. */
  @Get('orders/:client_order_id/why')
  async why(@Validated('path', orderPath) path: z.infer<typeof orderPath>): Promise<OrderWhy> {
    const why = await this.orders.queries.why(path.client_order_id)
    if (why === undefined) throw notFound(`Order '${path.client_order_id}' not found`)
    return why
  }

  @Post(':account_name/:connector_name/orders/:client_order_id/cancel')
  @HttpCode(200)
  async cancel(
    @Validated('path', cancelOrderPath) path: z.infer<typeof cancelOrderPath>,
  ): Promise<{ message: string }> {
    if (!(await this.orders.accountExists(path.account_name))) {
      throw notFound(`Account '${path.account_name}' not found`)
    }
    return this.initiate({
      clientOrderId: path.client_order_id,
      accountName: path.account_name,
      connectorName: path.connector_name,
    })
  }

  /** The older form of cancel: the id is looked up in all accounts. */
  @Delete('orders/:client_order_id')
  async cancelAnywhere(
    @Validated('path', orderPath) path: z.infer<typeof orderPath>,
    @Validated('query', legacyCancelQuery) query: z.infer<typeof legacyCancelQuery>,
  ): Promise<{ message: string }> {
    return this.initiate({
      clientOrderId: path.client_order_id,
      ...(query.account_name === null ? {} : { accountName: query.account_name }),
      ...(query.connector_name === null ? {} : { connectorName: query.connector_name }),
    })
  }

  private async initiate(request: CancelOrder): Promise<{ message: string }> {
    const cancelled = await this.orders.cancel(request, this.orders.cause())
    if (cancelled.kind === 'not-active') throw notFound(`Order '${request.clientOrderId}' not found in active orders`)
    return { message: `Order cancellation initiated for ${request.clientOrderId}` }
  }
}
