import { type Instrument, instruments } from '../engine/instruments.ts'
import { marketDataRoutes, type UpdateIds } from './market-data.ts'
import type { Call, Route } from './route.ts'
import { spotAccountRoutes } from './spot-account.ts'
import { spotOrderRoutes } from './spot-orders.ts'

const limits = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 600_000 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100_000 },
]

const symbolInfo = (instrument: Instrument): unknown => ({
  symbol: instrument.symbol,
  status: 'TRADING',
  baseAsset: instrument.base,
  baseAssetPrecision: 8,
  quoteAsset: instrument.quote,
  quotePrecision: 8,
  quoteAssetPrecision: 8,
  baseCommissionPrecision: 8,
  quoteCommissionPrecision: 8,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
  icebergAllowed: false,
  ocoAllowed: false,
  otoAllowed: false,
  quoteOrderQtyMarketAllowed: true,
  allowTrailingStop: false,
  cancelReplaceAllowed: false,
  amendAllowed: false,
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: false,
  filters: [
    {
      filterType: 'PRICE_FILTER',
      minPrice: instrument.tickSize,
      maxPrice: '1000000.00000000',
      tickSize: instrument.tickSize,
    },
    {
      filterType: 'LOT_SIZE',
      minQty: instrument.stepSize,
      maxQty: instrument.maxQuantity,
      stepSize: instrument.stepSize,
    },
    {
      filterType: 'MARKET_LOT_SIZE',
      minQty: instrument.stepSize,
      maxQty: instrument.maxQuantity,
      stepSize: instrument.stepSize,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: instrument.minNotional,
      applyMinToMarket: true,
      maxNotional: '9000000.00000000',
      applyMaxToMarket: false,
      avgPriceMins: 0,
    },
  ],
  permissions: [],
  permissionSets: [['SPOT']],
  defaultSelfTradePreventionMode: 'NONE',
  allowedSelfTradePreventionModes: ['NONE'],
})

const exchangeInfo = ({ exchange, params }: Call): unknown => {
  const one = params.optionalInstrument('spot')
  const listed = one ? [one] : instruments.filter((instrument) => instrument.market === 'spot')
  return {
    timezone: 'UTC',
    serverTime: exchange.clock.now(),
    rateLimits: limits,
    exchangeFilters: [],
    symbols: listed.map(symbolInfo),
  }
}

export const spotRoutes = (updateIds: UpdateIds): Route[] => [
  { method: 'GET', path: '/api/v3/exchangeInfo', operation: 'market-data', security: 'none', handle: exchangeInfo },
  ...marketDataRoutes('spot', '/api/v3', updateIds),
  ...spotOrderRoutes,
  ...spotAccountRoutes,
]
