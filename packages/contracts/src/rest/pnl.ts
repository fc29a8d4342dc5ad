import { z } from 'zod'
import { instant } from './as-of.ts'
import { list, model, nullable, text } from './types.ts'

/** `/portfolio/pnl`: what trading won and cost, from the fills and funding payments of the log. */

export const pnlRequest = model({
  account_names: nullable(list(text())),
  connector_names: nullable(list(text())),
  trading_pairs: nullable(list(text())),
  /** Fills and payments from here on, by the venue's time; ISO 8601 or epoch. */
  since: nullable(instant()),
  until: nullable(instant()),
})
export type PnlRequest = z.infer<typeof pnlRequest>

const amounts = z.record(z.string(), z.string())

/** All amounts are exact decimal text. */
const pnlMarket = z.object({
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  /** LONG and SHORT for an account in hedge mode, BOTH otherwise. */
  side: z.enum(['BOTH', 'LONG', 'SHORT']),
  base: z.string(),
  quote: z.string(),
  /** Base units at the end of the window, negative when short. */
  position: z.string(),
  /** Quote per base; null without a position. */
  average_price: z.string().nullable(),
  /** What the position is valued at; null when nobody knows one. */
  price: z.string().nullable(),
  /** All below in quote, before fees unless said otherwise. */
  realized_pnl: z.string(),
  unrealized_pnl: z.string().nullable(),
  volume: z.string(),
  volume_base: z.string(),
  fees: z.string(),
  fees_by_currency: amounts,
  /** The part of them whose worth in quote was not known: not in `fees`. */
  fees_without_price: amounts,
  fills: z.number(),
})
export type PnlMarket = z.infer<typeof pnlMarket>

const pnlFunding = z.object({
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  currency: z.string(),
  /** Positive when received. */
  amount: z.string(),
  payments: z.number(),
})

const pnlTotal = z.object({
  realized_pnl: z.string(),
  /** Null when a position's price is not known. */
  unrealized_pnl: z.string().nullable(),
  fees: z.string(),
  funding: z.string(),
  volume: z.string(),
  /** realized + unrealized + funding − fees; null when unrealized is. */
  net_pnl: z.string().nullable(),
  /** Of the markets in this total; not in `fees`, and so not in `net_pnl`. */
  fees_without_price: amounts,
})
export type PnlTotal = z.infer<typeof pnlTotal>

export const pnlResponse = z.object({
  since: z.string().nullable(),
  until: z.string().nullable(),
  markets: z.array(pnlMarket),
  funding: z.array(pnlFunding),
  /** By quote token. */
  totals: z.record(z.string(), pnlTotal),
})
export type PnlResponse = z.infer<typeof pnlResponse>
