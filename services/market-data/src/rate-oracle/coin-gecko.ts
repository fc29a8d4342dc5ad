import { z } from 'zod'
import { DOLLAR_TOKEN, getJson, type PriceServiceDoor, pricesIn, servicePrice } from './price-service.ts'
import type { RateSource } from './rate-source.ts'

const PAGE_SIZE = 250
/** The thousand largest coins: four requests a minute, which the free plan allows. */
const PAGES = 4

const currencies = z.array(z.string())
const coins = z.array(z.object({ symbol: z.string(), current_price: servicePrice }))

/** CoinGecko's public API, https://docs.coingecko.com: `/simple/supported_vs_currencies` and `/coins/markets`. */
export const coinGecko = (door: PriceServiceDoor): RateSource => {
  const root = `${door.baseUrl ?? 'https://api.coingecko.com'}/api/v3`
  const headers = door.apiKey === undefined ? {} : { 'x-cg-demo-api-key': door.apiKey }
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    getJson({ service: 'coin_gecko', url: root + path, headers, timeoutMs: door.timeoutMs, schema })

  let known: readonly string[] | undefined
  /** CoinGecko counts in some currencies only; a token it does not count in is priced in dollars. */
  const currencyFor = async (token: string): Promise<string> => {
    known ??= await get('/simple/supported_vs_currencies', currencies)
    const currency = token.toLowerCase()
    return known.includes(currency) ? currency : 'usd'
  }

  return {
    name: 'coin_gecko',
    refreshMs: 60_000,
    async prices(quoteToken) {
      const currency = await currencyFor(quoteToken)
      const listed: z.infer<typeof coins> = []
      for (let page = 1; page <= PAGES; page += 1) {
        const query = `vs_currency=${encodeURIComponent(currency)}&order=market_cap_desc&per_page=${PAGE_SIZE}&page=${page}`
        const rows = await get(`/coins/markets?${query}`, coins)
        listed.push(...rows)
        if (rows.length < PAGE_SIZE) break
      }
      const quote = currency === 'usd' ? DOLLAR_TOKEN : currency.toUpperCase()
      return pricesIn(
        quote,
        listed.map(({ symbol, current_price: price }) => ({ symbol, price })),
      )
    },
  }
}
