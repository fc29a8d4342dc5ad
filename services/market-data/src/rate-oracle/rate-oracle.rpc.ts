import { type ratesReply, ratesRequest } from '@colibri/contracts'
import { rpcRequest } from '@colibri/service-kit'
import { Controller } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import type { z } from 'zod'
import { RateOracle } from './rate-oracle.ts'

@Controller()
export class RateOracleRpc {
  constructor(private readonly oracle: RateOracle) {}

  @MessagePattern('rpc.market-data.rates')
  async rates(@Payload() payload: unknown): Promise<z.infer<typeof ratesReply>> {
    const { tradingPairs } = rpcRequest(ratesRequest, payload)
    const { source, quoteToken, said } = await this.oracle.rates(tradingPairs)
    const rates = [...said].map(([pair, rate]) => [
      pair,
      rate === undefined ? null : { rate: rate.value.toFixed(), time: rate.time ?? Date.now() },
    ])
    return { source, quoteToken, rates: Object.fromEntries(rates) }
  }
}
