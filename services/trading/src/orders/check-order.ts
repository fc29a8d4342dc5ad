import type { TradingRule } from '@colibri/contracts'
import { Exact } from '../decimal.ts'

/** What the client asked for, parsed. Amount and price are decimal text exactly as written. */
export interface OrderRequest {
  readonly accountName: string
  readonly connectorName: string
  readonly tradingPair: string
  readonly tradeType: 'BUY' | 'SELL'
  readonly orderType: 'LIMIT' | 'MARKET' | 'LIMIT_MAKER'
  readonly amount: string
  readonly price: string | null
  readonly positionAction: 'OPEN' | 'CLOSE'
}

export interface ConnectorRules {
  readonly rules: ReadonlyMap<string, TradingRule>
  readonly orderTypes: readonly string[]
}

export type OrderCheck =
  | { readonly kind: 'valid'; readonly amount: string; readonly price: string | null }
  | { readonly kind: 'refused'; readonly detail: string }

const refused = (detail: string): OrderCheck => ({ kind: 'refused', detail })

const pythonList = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`

/** Down to a multiple of the increment, written with the increment's decimals, as the contract's texts show it. */
export const quantise = (value: string, increment: string): string => {
  const step = new Exact(increment)
  if (step.lte(0)) return new Exact(value).toString()
  return new Exact(value).divToInt(step).times(step).toFixed(step.decimalPlaces())
}

const needsPrice = (request: OrderRequest): boolean => request.orderType !== 'MARKET'

export const missingPrice = (request: OrderRequest): OrderCheck | undefined =>
  needsPrice(request) && (request.price === null || new Exact(request.price).isZero())
    ? refused('Price is required for LIMIT and LIMIT_MAKER orders')
    : undefined

export const pairNotSupported = (request: OrderRequest, connector: ConnectorRules): string => {
  const pairs = [...connector.rules.keys()]
  const more = pairs.length > 10 ? ` (and ${pairs.length - 10} more)` : ''
  return `Trading pair '${request.tradingPair}' not supported on ${request.connectorName}. Available pairs: ${pythonList(pairs.slice(0, 10))}${more}`
}

/**
 * The venue's rules applied to a request, in the contract's order of checks.
 * `marketPrice` values a MARKET order; null when it is not known, and then the venue alone judges the notional.
 */
export const checkOrder = (
  request: OrderRequest,
  connector: ConnectorRules,
  marketPrice: string | null,
): OrderCheck => {
  const withoutPrice = missingPrice(request)
  if (withoutPrice !== undefined) return withoutPrice
  const rule = connector.rules.get(request.tradingPair)
  if (rule === undefined) return refused(pairNotSupported(request, connector))
  if (!connector.orderTypes.includes(request.orderType)) {
    return refused(
      `Order type '${request.orderType}' not supported. Supported types: ${pythonList(connector.orderTypes)}`,
    )
  }
  const amount = quantise(request.amount, rule.minBaseAmountIncrement)
  if (new Exact(amount).lt(rule.minOrderSize) || new Exact(amount).lte(0)) {
    return refused(`Order amount ${amount} is below minimum order size ${rule.minOrderSize} for ${request.tradingPair}`)
  }
  const price = needsPrice(request) && request.price !== null ? quantise(request.price, rule.minPriceIncrement) : null
  if (price !== null && new Exact(price).lte(0)) {
    return refused(
      `Order price ${request.price} is below minimum price increment ${rule.minPriceIncrement} for ${request.tradingPair}`,
    )
  }
  const valuation = price ?? marketPrice
  if (valuation !== null) {
    const notional = new Exact(amount).times(valuation)
    if (notional.lt(rule.minNotionalSize)) {
      return refused(
        `Order notional value ${notional.toFixed(decimals(amount) + decimals(valuation))} is below minimum notional size ${rule.minNotionalSize} for ${request.tradingPair}. Increase the amount or price to meet the minimum requirement.`,
      )
    }
  }
  return { kind: 'valid', amount, price }
}

const decimals = (value: string): number => value.split('.')[1]?.length ?? 0
