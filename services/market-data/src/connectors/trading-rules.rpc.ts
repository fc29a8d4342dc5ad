import { tradingRulesReply, tradingRulesRequest } from '@colibri/contracts'
import { rpcRequest } from '@colibri/service-kit'
import { Controller } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import type { z } from 'zod'
import { rpcFailure } from '../venue-calls/rpc-errors.ts'
import { TradingRules } from './trading-rules.ts'

@Controller()
export class TradingRulesRpc {
  constructor(private readonly rules: TradingRules) {}

  @MessagePattern('rpc.market-data.trading-rules')
  async all(@Payload() payload: unknown): Promise<z.infer<typeof tradingRulesReply>> {
    const { connectorName } = rpcRequest(tradingRulesRequest, payload)
    const { value } = await this.rules.all(connectorName).catch((error: unknown) => {
      throw rpcFailure(error, connectorName)
    })
    return { rules: [...value], orderTypes: [...this.rules.orderTypes(connectorName)] }
  }
}
