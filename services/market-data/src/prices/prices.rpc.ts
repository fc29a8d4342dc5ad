import { pricesReply, pricesRequest } from '@colibri/contracts'
import { rpcRequest } from '@colibri/service-kit'
import { Controller } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import type { z } from 'zod'
import { rpcFailure } from '../venue-calls/rpc-errors.ts'
import { Prices } from './prices.ts'

@Controller()
export class PricesRpc {
  constructor(private readonly prices: Prices) {}

  @MessagePattern('rpc.market-data.prices')
  async last(@Payload() payload: unknown): Promise<z.infer<typeof pricesReply>> {
    const { connectorName, tradingPairs } = rpcRequest(pricesRequest, payload)
    const { prices, time } = await this.prices.last(connectorName, tradingPairs).catch((error: unknown) => {
      throw rpcFailure(error, connectorName)
    })
    return { prices: Object.fromEntries(prices), time }
  }
}
