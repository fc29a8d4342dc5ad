import { type PriceRequest, type PricesResponse, priceRequest } from '@colibri/contracts'
import { UnknownConnector } from '@colibri/exchange'
import { ApiError, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post } from '@nestjs/common'
import { pythonText } from '../venue-calls/python-text.ts'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { Prices } from './prices.ts'

@Controller('market-data')
export class PricesHttp {
  constructor(private readonly prices: Prices) {}

  @Post('prices')
  @HttpCode(200)
  async last(@Validated('body', priceRequest) request: PriceRequest): Promise<PricesResponse> {
    const { connector_name: connector, trading_pairs: pairs } = request
    const { prices, time } = await this.prices.last(connector, pairs).catch((error: unknown) => {
      if (error instanceof UnknownConnector) throw new ApiError(500, error.message)
      throw venueFailure(error, connector)
    })
    const unknown = pairs.find((pair) => (prices.get(pair) ?? null) === null)
    // The contract names a pair the venue does not know this way.
    if (unknown !== undefined) throw new ApiError(500, pythonText(unknown))
    return {
      connector,
      prices: Object.fromEntries([...prices].map(([pair, price]) => [pair, Number(price)])),
      timestamp: time / 1000,
    }
  }
}
