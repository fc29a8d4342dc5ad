import { z } from 'zod'
import { guardLimits, guardScope } from './events/guard.ts'
import { decimalText, orderType, positionAction, tradeType } from './events/order.ts'

/** Request and reply of every operation on `rpc.<service>.<operation>`. */

export const tradingRule = z.object({
  tradingPair: z.string(),
  minOrderSize: decimalText,
  maxOrderSize: decimalText.nullable(),
  minPriceIncrement: decimalText,
  minBaseAmountIncrement: decimalText,
  minNotionalSize: decimalText,
  supportsLimitOrders: z.boolean(),
  supportsMarketOrders: z.boolean(),
  buyOrderCollateralToken: z.string(),
  sellOrderCollateralToken: z.string(),
})
export type TradingRule = z.infer<typeof tradingRule>

/** `rpc.market-data.trading-rules`. Unknown connector: error `not-found`. */
export const tradingRulesRequest = z.object({ connectorName: z.string() })
export const tradingRulesReply = z.object({ rules: z.array(tradingRule), orderTypes: z.array(z.string()) })

/** `rpc.market-data.prices`: last price, quote per base; null where the venue does not know the pair. */
export const pricesRequest = z.object({ connectorName: z.string(), tradingPairs: z.array(z.string()) })
export const pricesReply = z.object({ prices: z.record(z.string(), decimalText.nullable()), time: z.number() })

/**
 * `rpc.market-data.rates`: quote per base by the rate oracle, and when the oldest price in it was asked; null where nobody
 * knows it, or only from too long ago.
 */
export const ratesRequest = z.object({ tradingPairs: z.array(z.string()) })
export const ratesReply = z.object({
  /** The source of the rates. `simulator` prices are worth nothing outside it. */
  source: z.string(),
  quoteToken: z.string(),
  rates: z.record(z.string(), z.object({ rate: decimalText, time: z.number() }).nullable()),
})

export const tokenBalance = z.object({ token: z.string(), total: decimalText, available: decimalText })
export type TokenBalance = z.infer<typeof tokenBalance>

/** `rpc.trading.balances`: `refresh` asks the venues now; a connector that fails is reported with an error and no balances. */
export const balancesRequest = z.object({
  accountNames: z.array(z.string()).nullable(),
  connectorNames: z.array(z.string()).nullable(),
  refresh: z.boolean(),
})
export const balancesReply = z.object({
  accounts: z.array(
    z.object({
      accountName: z.string(),
      connectorName: z.string(),
      balances: z.array(tokenBalance),
      /** Epoch milliseconds at which the venue was asked. */
      time: z.number(),
      error: z.string().nullable(),
    }),
  ),
})
/** `rpc.trading.accounts` */
export const accountsReply = z.object({ accountNames: z.array(z.string()) })

/**
 * `rpc.trading.place-order`: as `POST /trading/orders`, through the same intent and guards. The key is not optional: asking
 * again after no answer never sends an order twice.
 */
export const placeOrderRpcRequest = z.object({
  accountName: z.string(),
  connectorName: z.string(),
  tradingPair: z.string(),
  tradeType,
  orderType,
  amount: decimalText,
  /** Null for MARKET. */
  price: decimalText.nullable(),
  positionAction,
  idempotencyKey: z.string().min(1).max(255),
})
export type PlaceOrderRpcRequest = z.infer<typeof placeOrderRpcRequest>
export const placeOrderReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('placed'), clientOrderId: z.string() }),
  /** It will not be placed, as it is. */
  z.object({ kind: z.literal('refused'), reason: z.string() }),
  /** A guard has halted trading. */
  z.object({ kind: z.literal('halted'), reason: z.string() }),
  /** Whether it was placed is not known, or it cannot be just now: ask again with the same key. */
  z.object({ kind: z.literal('again'), reason: z.string() }),
])
export type PlaceOrderReply = z.infer<typeof placeOrderReply>

/** `rpc.trading.order`: an order as the log has it; null when there is none of that id. */
export const orderRpcRequest = z.object({ clientOrderId: z.string() })
export const orderReply = z.object({
  order: z.object({ status: z.string(), finished: z.boolean(), filledAmount: decimalText }).nullable(),
})

/** `rpc.trading.guards`: limits and halts, those of all accounts and those of each that ever had any. */
export const guardsReply = z.object({
  guards: z.array(
    z.object({ scope: guardScope, limits: guardLimits, halt: z.object({ reason: z.string() }).nullable() }),
  ),
})
export type GuardsReply = z.infer<typeof guardsReply>

/** A refused or failed operation travels as a reply, never as a hang. */
export const rpcError = z.object({
  error: z.object({ kind: z.enum(['not-found', 'invalid', 'unavailable', 'internal']), message: z.string() }),
})
