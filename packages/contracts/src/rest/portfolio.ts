import { z } from 'zod'
import { bool, list, model, nullable, text } from './types.ts'

/** `/portfolio`: what is owned and what it is worth. */

export const portfolioStateRequest = model({
  account_names: nullable(list(text())),
  connector_names: nullable(list(text())),
  skip_gateway: bool().default(false),
  refresh: bool().default(false),
})
export type PortfolioStateRequest = z.infer<typeof portfolioStateRequest>

const tokenEntry = z.object({
  token: z.string(),
  units: z.number(),
  /** In USDT; 0 where nobody knows one. */
  price: z.number(),
  value: z.number(),
  available_units: z.number(),
})
export type TokenEntry = z.infer<typeof tokenEntry>

/** Account → connector → tokens. */
export const portfolioStateResponse = z.record(z.string(), z.record(z.string(), z.array(tokenEntry)))
export type PortfolioStateResponse = z.infer<typeof portfolioStateResponse>
