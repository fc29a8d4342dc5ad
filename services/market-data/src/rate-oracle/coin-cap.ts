import { z } from 'zod'
import { DOLLAR_TOKEN, getJson, type PriceServiceDoor, pricesIn, servicePrice } from './price-service.ts'
import type { RateSource } from './rate-source.ts'

const assets = z.object({ data: z.array(z.object({ symbol: z.string(), priceUsd: servicePrice })) })

/** CoinCap's API version 3, https://pro.coincap.io/api-docs: `/assets`, in dollars. The service itself wants a key. */
export const coinCap = (door: PriceServiceDoor): RateSource => ({
  name: 'coin_cap',
  refreshMs: 60_000,
  async prices() {
    const { data } = await getJson({
      service: 'coin_cap',
      url: `${door.baseUrl ?? 'https://rest.coincap.io'}/v3/assets?limit=1000&offset=0`,
      headers: door.apiKey === undefined ? {} : { authorization: `Bearer ${door.apiKey}` },
      timeoutMs: door.timeoutMs,
      schema: assets,
    })
    return pricesIn(
      DOLLAR_TOKEN,
      data.map(({ symbol, priceUsd: price }) => ({ symbol, price })),
    )
  },
})
