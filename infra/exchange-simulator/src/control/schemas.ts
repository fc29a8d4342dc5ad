import { z } from 'zod'
import { faultKinds } from '../faults.ts'
import { operations } from '../rest/route.ts'

const positiveDecimal = z.string().regex(/^\d+(\.\d+)?$/, 'decimal text expected')
const signedDecimal = z.string().regex(/^-?\d+(\.\d+)?$/, 'decimal text expected')
const market = z.enum(['spot', 'futures'])

export const faultRequest = z.object({
  on: z.enum([...operations, 'fill', 'any']),
  kind: z.enum(faultKinds),
  times: z.int().positive().nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
  delayMs: z.int().min(0).default(0),
  symbol: z.string().nullable().default(null),
  market: market.nullable().default(null),
  account: z.string().nullable().default(null),
  code: z.int().default(-2010),
  message: z.string().default('Account has insufficient balance for requested action.'),
  retryAfter: z.string().nullable().default('1'),
})

export const clockRequest = z.discriminatedUnion('action', [
  z.object({ action: z.literal('set'), time: z.int().positive() }),
  z.object({ action: z.literal('advance'), ms: z.int().positive() }),
  z.object({ action: z.literal('freeze') }),
  z.object({ action: z.literal('resume') }),
  z.object({ action: z.literal('speed'), speed: z.number().min(0).max(10_000) }),
])

const target = { market: market.default('spot'), symbol: z.string() }
export const priceRequest = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('pin'), ...target, price: positiveDecimal, quantity: positiveDecimal.optional() }),
  z.object({ mode: z.literal('jump'), ...target, price: positiveDecimal, quantity: positiveDecimal.optional() }),
  z.object({ mode: z.literal('release'), ...target }),
])

export const tradeRequest = z.object({
  ...target,
  price: positiveDecimal,
  quantity: positiveDecimal,
  taker: z.enum(['BUY', 'SELL']),
})

/** What an account has changes behind everybody's back. */
export const depositRequest = z.object({
  account: z.string().default('default'),
  market: market.default('spot'),
  asset: z.string().min(1),
  /** Negative for a withdrawal. */
  amount: signedDecimal,
})
export const positionRequest = z.object({
  account: z.string().default('default'),
  symbol: z.string(),
  side: z.enum(['BOTH', 'LONG', 'SHORT']).default('BOTH'),
  /** Added to the position; negative sells. */
  quantity: signedDecimal,
  price: positiveDecimal,
})

/** Another key of an account, or other permissions of one it has. */
export const keyRequest = z.object({
  account: z.string().default('default'),
  apiKey: z.string().min(1),
  apiSecret: z.string().min(1),
  trade: z.boolean().default(true),
  withdraw: z.boolean().default(false),
  ipRestricted: z.boolean().default(false),
})

export const accountRequest = z.object({
  id: z.string().min(1),
  apiKey: z.string().min(1),
  apiSecret: z.string().min(1),
  spot: z.record(z.string(), positiveDecimal).default({}),
  futures: z.record(z.string(), positiveDecimal).default({}),
})
