import { type PriceRequest, type PricesResponse, priceRequest } from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post } from '@nestjs/common'
import { pairNotFound, venueFailure } from '../venue-calls/venue-errors.ts'
import { Prices } from './prices.ts'

@Controller('market-data')
export class PricesHttp {
  constructor(private readonly prices: Prices) {}

  @Post('prices')
  @HttpCode(200)
  async last(@Validated('body', priceRequest) request: PriceRequest): Promise<PricesResponse> {
    const { connector_name: connector, trading_pairs: pairs } = request
    const { prices, time } = await this.prices.last(connector, pairs).catch((error: unknown) => {
      throw venueFailure(error, connector)
    })
    return {
      connector,
      prices: Object.fromEntries(
        [...prices].map(([pair, price]) => {
          if (price === null) throw pairNotFound(connector, pair)
          return [pair, Number(price)]
        }),
      ),
      timestamp: time / 1000,
    }
  }
}
