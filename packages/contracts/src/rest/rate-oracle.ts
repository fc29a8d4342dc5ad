import { z } from 'zod'
import { list, model, nullable, text } from './types.ts'

/** `/rate-oracle`: what one token is worth in another, by one source of prices. */

const sourceConfig = model({ name: text().default('gate_io') })
const tokenConfig = model({ global_token_name: text().default('USDT'), global_token_symbol: text().default('$') })

/** A part that is absent or null stays as it is; inside a part an absent member takes its default. */
export const rateOracleUpdateRequest = model({
  rate_oracle_source: nullable(sourceConfig),
  global_token: nullable(tokenConfig),
})
export type RateOracleUpdateRequest = z.infer<typeof rateOracleUpdateRequest>

const rateOracleConfig = z.object({
  rate_oracle_source: z.object({ name: z.string() }),
  global_token: z.object({ global_token_name: z.string(), global_token_symbol: z.string() }),
})
export type RateOracleConfig = z.infer<typeof rateOracleConfig>

export const rateOracleConfigResponse = rateOracleConfig.extend({ available_sources: z.array(z.string()) })
export type RateOracleConfigResponse = z.infer<typeof rateOracleConfigResponse>

export const rateOracleUpdateResponse = z.object({
  success: z.boolean(),
  message: z.string(),
  config: rateOracleConfig,
})
export type RateOracleUpdateResponse = z.infer<typeof rateOracleUpdateResponse>

export const rateSourcesResponse = z.array(z.string())

/** Every price ever seen from this source, also those too old to value anything with. */
export const rateOraclePricesResponse = z.object({
  source: z.string(),
  quote_token: z.string(),
  prices_count: z.number(),
  prices: z.record(z.string(), z.number()),
})
export type RateOraclePricesResponse = z.infer<typeof rateOraclePricesResponse>

export const rateRequest = model({ trading_pairs: list(text()) })
export type RateRequest = z.infer<typeof rateRequest>

/** Null: unknown, zero, malformed, or known only from too long ago. */
export const rateResponse = z.object({
  source: z.string(),
  quote_token: z.string(),
  rates: z.record(z.string(), z.number().nullable()),
})
export type RateResponse = z.infer<typeof rateResponse>

export const ratePath = model({ trading_pair: text() })

/** The older name of one rate: the pair whole, or its two tokens. */
export const rateQuery = model({ trading_pair: nullable(text()), base: nullable(text()), quote: nullable(text()) })
export type RateQuery = z.infer<typeof rateQuery>

export const singleRateResponse = z.object({
  trading_pair: z.string(),
  rate: z.number().nullable(),
  source: z.string(),
  quote_token: z.string(),
})
export type SingleRateResponse = z.infer<typeof singleRateResponse>
