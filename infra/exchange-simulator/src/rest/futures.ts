import { fundingInterval, fundingRate, markOf, nextFundingTime } from '../engine/funding.ts'
import { type Instrument, instruments } from '../engine/instruments.ts'
import { listedAt } from '../replay/tape.ts'
import { futuresAccountRoutes } from './futures-account.ts'
import { futuresOrderRoutes } from './futures-orders.ts'
import { futuresSettingRoutes } from './futures-settings.ts'
import { marketDataRoutes, type UpdateIds } from './market-data.ts'
import type { Call, Route } from './route.ts'

const perpetuals = instruments.filter((instrument) => instrument.market === 'futures')
const neverDelivered = 4_133_404_800_000

const symbolInfo = (instrument: Instrument): unknown => ({
  symbol: instrument.symbol,
  pair: instrument.symbol,
  contractType: 'PERPETUAL',
  deliveryDate: neverDelivered,
  onboardDate: listedAt,
  status: 'TRADING',
  maintMarginPercent: '2.5000',
  requiredMarginPercent: '5.0000',
  baseAsset: instrument.base,
  quoteAsset: instrument.quote,
  marginAsset: instrument.quote,
  pricePrecision: instrument.priceDecimals,
  quantityPrecision: instrument.quantityDecimals,
  baseAssetPrecision: 8,
  quotePrecision: 8,
  underlyingType: 'COIN',
  underlyingSubType: [],
  triggerProtect: '0.0500',
  liquidationFee: '0.012500',
  marketTakeBound: '0.05',
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: instrument.tickSize, maxPrice: '1000000', tickSize: instrument.tickSize },
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
    { filterType: 'MAX_NUM_ORDERS', limit: 100_000 },
    { filterType: 'MIN_NOTIONAL', notional: instrument.minNotional },
  ],
  orderTypes: ['LIMIT', 'MARKET'],
  timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
})

const premium = ({ exchange, params }: Call): unknown => {
  const now = exchange.clock.now()
  const row = (instrument: Instrument): unknown => {
    const mark = markOf(exchange, instrument).toFixed(8)
    const next = nextFundingTime(now)
    return {
      symbol: instrument.symbol,
      markPrice: mark,
      indexPrice: mark,
      estimatedSettlePrice: mark,
      lastFundingRate: fundingRate(exchange.seed, instrument, next),
      interestRate: '0.00010000',
      nextFundingTime: next,
      time: now,
    }
  }
  const one = params.optionalInstrument('futures')
  return one ? row(one) : perpetuals.map(row)
}

/** Funding rates of the past: from `startTime` on, or the newest; oldest first. */
const fundingHistory = ({ exchange, params }: Call): unknown => {
  const one = params.optionalInstrument('futures')
  const now = Math.min(params.integer('endTime') ?? exchange.clock.now(), exchange.clock.now())
  const limit = params.limit(100, 1000)
  const startTime = params.integer('startTime')
  const newest = Math.floor(now / fundingInterval) * fundingInterval
  const first =
    startTime === undefined
      ? newest - (limit - 1) * fundingInterval
      : Math.ceil(Math.max(startTime, listedAt) / fundingInterval) * fundingInterval
  const times: number[] = []
  for (let time = first; time <= newest && times.length < limit; time += fundingInterval) times.push(time)
  return times.flatMap((fundingTime) =>
    (one ? [one] : perpetuals).map((instrument) => ({
      symbol: instrument.symbol,
      fundingTime,
      fundingRate: fundingRate(exchange.seed, instrument, fundingTime),
      markPrice: markOf(exchange, instrument, fundingTime).toFixed(8),
    })),
  )
}

const get = (path: string, handle: (call: Call) => unknown): Route => ({
  method: 'GET',
  path,
  operation: 'market-data',
  security: 'none',
  handle,
})

export const futuresRoutes = (updateIds: UpdateIds): Route[] => {
  const market = marketDataRoutes('futures', '/fapi/v1', updateIds)
  const prices = market
    .filter((route) => route.path === '/fapi/v1/ticker/price')
    .map((route) => ({ ...route, path: '/fapi/v2/ticker/price' }))
  return [
    get('/fapi/v1/exchangeInfo', ({ exchange }) => ({
      timezone: 'UTC',
      serverTime: exchange.clock.now(),
      futuresType: 'U_MARGINED',
      rateLimits: [],
      exchangeFilters: [],
      assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '0' }],
      symbols: perpetuals.map(symbolInfo),
    })),
    ...market,
    ...prices,
    get('/fapi/v1/premiumIndex', premium),
    get('/fapi/v1/fundingRate', fundingHistory),
    get('/fapi/v1/fundingInfo', () =>
      perpetuals.map(({ symbol }) => ({
        symbol,
        adjustedFundingRateCap: '0.00030000',
        adjustedFundingRateFloor: '-0.00010000',
        fundingIntervalHours: 8,
      })),
    ),
    ...futuresOrderRoutes,
    ...futuresAccountRoutes,
    ...futuresSettingRoutes,
  ]
}
