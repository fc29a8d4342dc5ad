import {
  type GuardsReply,
  orderReply,
  orderRpcRequest,
  type PlaceOrderReply,
  placeOrderRpcRequest,
} from '@colibri/contracts'
import { rpcRequest } from '@colibri/service-kit'
import { Controller, Inject } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import type { z } from 'zod'
import type { Guard } from '../guards/guard.ts'
import { isFinished, type PlacedOrder, statusOf } from './order.ts'
import type { PostOrder } from './post-order.ts'

export const ORDERS_RPC = Symbol('orders for other services')

export interface OrdersRpc {
  readonly post: PostOrder
  /** The order as the log has it. */
  read(clientOrderId: string): Promise<PlacedOrder | undefined>
  guards(): readonly Guard[]
}

@Controller()
export class OrdersRpcController {
  constructor(@Inject(ORDERS_RPC) private readonly orders: OrdersRpc) {}

  @MessagePattern('rpc.trading.place-order')
  place(@Payload() payload: unknown): Promise<PlaceOrderReply> {
    return this.orders.post(rpcRequest(placeOrderRpcRequest, payload))
  }

  @MessagePattern('rpc.trading.order')
  async order(@Payload() payload: unknown): Promise<z.infer<typeof orderReply>> {
    const order = await this.orders.read(rpcRequest(orderRpcRequest, payload).clientOrderId)
    if (order === undefined) return { order: null }
    const { filledAmount } = order
    return { order: { status: statusOf(order), finished: isFinished(order), filledAmount } }
  }

  @MessagePattern('rpc.trading.guards')
  async guards(@Payload() _payload: unknown): Promise<GuardsReply> {
    return {
      guards: this.orders.guards().map(({ scope, limits, halt }) => ({
        scope,
        limits,
        halt: halt.kind === 'none' ? null : { reason: halt.reason },
      })),
    }
  }
}
