import { z } from 'zod'
import { asOf } from './as-of.ts'
import { bool, enumeration, integer, list, model, nullable, text } from './types.ts'

/** `/portfolio`: what is owned and what it is worth. */

export const portfolioStateRequest = model({
  account_names: nullable(list(text())),
  connector_names: nullable(list(text())),
  skip_gateway: bool().default(false),
  refresh: bool().default(false),
})
export type PortfolioStateRequest = z.infer<typeof portfolioStateRequest>

/** `?as_of=`: the state as it was. */
export const portfolioAsOfQuery = model({ as_of: nullable(asOf()) })
export type PortfolioAsOfQuery = z.infer<typeof portfolioAsOfQuery>

/** The state by query alone. */
export const portfolioStateQuery = model({
  account_names: nullable(list(text())),
  connector_names: nullable(list(text())),
  skip_gateway: bool().default(false),
  refresh: bool().default(false),
  as_of: nullable(asOf()),
})
export type PortfolioStateQuery = z.infer<typeof portfolioStateQuery>

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

const filter = { account_names: nullable(list(text())), connector_names: nullable(list(text())) }

export const historyInterval = ['5m', '15m', '30m', '1h', '4h', '12h', '1d'] as const
export const portfolioHistoryRequest = model({
  limit: integer({ ge: 1, le: 1000 }).default(100),
  cursor: nullable(text()),
  ...filter,
  /** Epoch milliseconds; a value below 10^11 is read as seconds. */
  start_time: nullable(integer()),
  end_time: nullable(integer()),
  interval: enumeration(...historyInterval).default('5m'),
})
export type PortfolioHistoryRequest = z.infer<typeof portfolioHistoryRequest>

export const portfolioHistoryResponse = z.object({
  data: z.array(z.object({ timestamp: z.string(), state: portfolioStateResponse })),
  pagination: z.object({
    limit: z.number(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    current_cursor: z.string().nullable(),
    filters: z.object({
      account_names: z.array(z.string()).nullable(),
      connector_names: z.array(z.string()).nullable(),
      start_time: z.number().nullable(),
      end_time: z.number().nullable(),
      interval: z.string(),
    }),
  }),
})
export type PortfolioHistoryResponse = z.infer<typeof portfolioHistoryResponse>

export const portfolioDistributionRequest = model(filter)
export type PortfolioDistributionRequest = z.infer<typeof portfolioDistributionRequest>

/** Values in USDT with six decimals, percentages 0 to 100 of the filtered total with four. */
export const portfolioDistribution = z.object({
  total_portfolio_value: z.number(),
  token_count: z.number(),
  distribution: z.array(
    z.object({
      token: z.string(),
      total_value: z.number(),
      total_units: z.number(),
      percentage: z.number(),
      accounts: z.record(
        z.string(),
        z.object({
          value: z.number(),
          units: z.number(),
          percentage: z.number(),
          connectors: z.record(z.string(), z.object({ value: z.number(), units: z.number() })),
        }),
      ),
    }),
  ),
  account_filter: z.string(),
})
export type PortfolioDistribution = z.infer<typeof portfolioDistribution>

/** All percentages are of the grand total. */
export const accountsDistribution = z.object({
  total_portfolio_value: z.number(),
  account_count: z.number(),
  distribution: z.array(
    z.object({
      account: z.string(),
      total_value: z.number(),
      percentage: z.number(),
      connectors: z.record(z.string(), z.object({ value: z.number(), percentage: z.number() })),
    }),
  ),
})
export type AccountsDistribution = z.infer<typeof accountsDistribution>

export const portfolioPerformanceRequest = model({
  ...filter,
  start_time: nullable(integer()),
  end_time: nullable(integer()),
})
export type PortfolioPerformanceRequest = z.infer<typeof portfolioPerformanceRequest>

/** Null members where no snapshot lies in the window. */
export const portfolioPerformance = z.object({
  start_time: z.string().nullable(),
  end_time: z.string().nullable(),
  start_value: z.number().nullable(),
  end_value: z.number().nullable(),
  pnl: z.number().nullable(),
  /** Of the value at the start, as a fraction. */
  pnl_pct: z.number().nullable(),
})
export type PortfolioPerformance = z.infer<typeof portfolioPerformance>
