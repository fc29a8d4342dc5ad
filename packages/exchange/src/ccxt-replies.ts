import { z } from 'zod'
import { decimalText, optionalDecimal } from './decimals.ts'

/** What is read from ccxt's unified structures; everything else in them is ignored. */
const text = z.union([z.string(), z.number()]).transform(String)
const optionalText = z.unknown().transform((value) => text.safeParse(value).data ?? null)
const time = z.unknown().transform((value) => {
  const milliseconds = Number(value ?? Number.NaN)
  return Number.isFinite(milliseconds) ? milliseconds : null
})

export const createdOrder = z.object({ id: text, status: z.unknown() })

export const orderReply = z.object({
  id: text,
  clientOrderId: optionalText,
  symbol: z.string(),
  status: optionalText,
  filled: optionalDecimal,
  amount: optionalDecimal,
  side: optionalText,
  type: optionalText,
  price: optionalDecimal,
  postOnly: z.unknown(),
  reduceOnly: z.unknown(),
  timestamp: time,
  lastUpdateTimestamp: time,
  lastTradeTimestamp: time,
  info: z.unknown(),
})
export type OrderReply = z.output<typeof orderReply>

export const tradeReply = z.object({
  id: text,
  order: optionalText,
  symbol: z.string(),
  side: z.enum(['buy', 'sell']),
  price: decimalText,
  amount: decimalText,
  takerOrMaker: z.unknown(),
  timestamp: time,
  fee: z.object({ cost: optionalDecimal, currency: optionalText }).nullish().catch(null),
  info: z.unknown(),
})
export type TradeReply = z.output<typeof tradeReply>

export const publicTradeReply = z.object({
  id: optionalText,
  side: z.enum(['buy', 'sell']),
  price: decimalText,
  amount: decimalText,
  timestamp: time,
})

const amounts = z.record(z.string(), optionalDecimal)
export const balanceReply = z.object({ total: amounts, free: amounts })

export const tickerReply = z.object({
  symbol: z.string(),
  last: optionalDecimal,
  close: optionalDecimal,
  bid: optionalDecimal,
  ask: optionalDecimal,
  timestamp: time,
})

export const fundingReply = z.object({
  fundingRate: optionalDecimal,
  markPrice: optionalDecimal,
  indexPrice: optionalDecimal,
  fundingTimestamp: time,
  nextFundingTimestamp: time,
})

const level = z.tuple([decimalText, decimalText], z.unknown())
export const bookReply = z.object({ bids: z.array(level), asks: z.array(level), timestamp: time })

const cell = z.union([z.string(), z.number(), z.null(), z.undefined()]).transform((value) => Number(value ?? 0))
export const candleReply = z.array(cell).min(6)

export const positionMode = z.object({ hedged: z.boolean() })

export const positionReply = z.object({
  symbol: z.string(),
  side: optionalText,
  contracts: optionalDecimal,
  contractSize: optionalDecimal,
  entryPrice: optionalDecimal,
  unrealizedPnl: optionalDecimal,
  leverage: optionalDecimal,
  info: z.unknown(),
})

export const fundingPaymentReply = z.object({
  id: text,
  symbol: z.string(),
  code: text,
  amount: decimalText,
  timestamp: z.number(),
})
export type FundingPaymentReply = z.output<typeof fundingPaymentReply>
export const fundingRateReply = z.object({ fundingRate: optionalDecimal, timestamp: z.number() })

const limits = z.object({ min: optionalDecimal, max: optionalDecimal }).nullish().catch(null)

/** A market as ccxt describes it, with Binance's raw filters where the venue is of that family. */
export const marketReply = z.object({
  symbol: z.string(),
  id: z.string(),
  type: z.string(),
  quote: z.string(),
  settle: optionalText,
  active: z.unknown(),
  contractSize: optionalDecimal,
  precision: z.object({ amount: optionalDecimal, price: optionalDecimal }),
  limits: z.object({ amount: limits, cost: limits }),
  info: z
    .object({
      status: optionalText,
      orderTypes: z.array(z.string()).nullish().catch(null),
      filters: z
        .array(z.object({ filterType: z.string() }).catchall(z.unknown()))
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
})
export type MarketReply = z.output<typeof marketReply>
