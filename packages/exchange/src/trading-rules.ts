import type { MarketReply } from './ccxt-replies.ts'
import { exact, optionalDecimal } from './decimals.ts'
import type { VenueRule } from './venue.ts'

type Filters = NonNullable<NonNullable<MarketReply['info']>['filters']>

const filterValue = (filters: Filters, type: string, key: string): string | null => {
  const value = optionalDecimal.parse(filters.find((filter) => filter.filterType === type)?.[key])
  return value === null || exact(value).isZero() ? null : value
}

const product = (value: string | null, factor: string | null): string | null =>
  value === null || factor === null ? value : exact(value).times(factor).toFixed()

/** What the contract shows where a venue sets no increment. */
const noIncrement = exact('1e-56').toFixed()

/** The rule of one market. Amounts are in base units: where a venue counts contracts they are multiplied by the contract's size. */
export const ruleOf = (market: MarketReply, tradingPair: string): VenueRule => {
  const filters = market.info?.filters ?? []
  const size = market.type === 'spot' ? null : market.contractSize
  const collateral = tradingPair.slice(tradingPair.lastIndexOf('-') + 1)
  const orderTypes = market.info?.orderTypes
  const minNotional =
    filterValue(filters, 'NOTIONAL', 'minNotional') ??
    filterValue(filters, 'MIN_NOTIONAL', 'minNotional') ??
    filterValue(filters, 'MIN_NOTIONAL', 'notional') ??
    market.limits.cost?.min
  return {
    tradingPair,
    minOrderSize: product(filterValue(filters, 'LOT_SIZE', 'minQty') ?? market.limits.amount?.min ?? null, size) ?? '0',
    maxOrderSize: product(filterValue(filters, 'LOT_SIZE', 'maxQty') ?? market.limits.amount?.max ?? null, size),
    minPriceIncrement: filterValue(filters, 'PRICE_FILTER', 'tickSize') ?? market.precision.price ?? noIncrement,
    minBaseAmountIncrement:
      product(filterValue(filters, 'LOT_SIZE', 'stepSize') ?? market.precision.amount, size) ?? noIncrement,
    minNotionalSize: minNotional ?? '0',
    supportsLimitOrders: orderTypes?.includes('LIMIT') ?? true,
    supportsMarketOrders: orderTypes?.includes('MARKET') ?? true,
    buyOrderCollateralToken: collateral,
    sellOrderCollateralToken: collateral,
  }
}

/** Whether the venue lets the market be traded now. */
export const isTradable = (market: MarketReply): boolean =>
  market.active !== false &&
  (market.info?.status == null || !/^(BREAK|HALT|SETTLING|CLOSE|PENDING_TRADING|END_OF_DAY)$/.test(market.info.status))
