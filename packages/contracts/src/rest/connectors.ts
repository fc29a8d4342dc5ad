import { z } from 'zod'
import { list, model, nullable, text } from './types.ts'

/** `/connectors`: what a venue trades and how. */

export const connectorPath = model({ connector_name: text() })

/** Repeated (`?trading_pairs=A&trading_pairs=B`); commas inside one value separate too. Absent: every pair. */
export const tradingRulesQuery = model({ trading_pairs: nullable(list(text())) })

export const connectorsResponse = z.array(z.string())

const tradingRule = z.object({
  min_order_size: z.number(),
  max_order_size: z.number().nullable(),
  min_price_increment: z.number(),
  min_base_amount_increment: z.number(),
  min_quote_amount_increment: z.number(),
  min_notional_size: z.number(),
  min_order_value: z.number(),
  max_price_significant_digits: z.number(),
  supports_limit_orders: z.boolean(),
  supports_market_orders: z.boolean(),
  buy_order_collateral_token: z.string(),
  sell_order_collateral_token: z.string(),
})
/** By trading pair; a pair that was asked for and does not exist says so. Limits a venue does not set are 1e56 or 1e-56. */
export const tradingRulesResponse = z.record(z.string(), z.union([tradingRule, z.object({ error: z.string() })]))
export type TradingRulesResponse = z.infer<typeof tradingRulesResponse>

export const orderTypesResponse = z.object({ connector: z.string(), supported_order_types: z.array(z.string()) })
export type OrderTypesResponse = z.infer<typeof orderTypesResponse>

/** By field name of the connector's credential file; `type` is a Python type name. */
export const configMapResponse = z.record(
  z.string(),
  z.object({ type: z.string(), required: z.boolean(), allowed_values: z.array(z.unknown()).optional() }),
)
export type ConfigMapResponse = z.infer<typeof configMapResponse>

/** One connector: what it is, what its credential file holds, and why it cannot be used, where it cannot. */
export const connectorResponse = z.object({
  name: z.string(),
  is_perpetual: z.boolean(),
  supported_order_types: z.array(z.string()),
  config_fields: configMapResponse,
  available: z.boolean(),
  unavailable_reason: z.string().nullable(),
})
export type ConnectorResponse = z.infer<typeof connectorResponse>

/** Sorted; pairs that have trading rules. */
export const tradingPairsResponse = z.array(z.string())
