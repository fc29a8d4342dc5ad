import { connectorResponse, tickerResponse, tradesResponse, tradingPairsResponse } from '@colibri/contracts'
import { z } from 'zod'
import type { Requests } from './route-requests.ts'
import { byContract, bySchema, page } from './shapes.ts'

const openApiDocument = z.object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })

const connector = 'simulator'
const pair = 'BTC-USDT'
const feed = { connector_name: connector, trading_pair: pair }
const query = (path: string, more = ''): string => `${path}?connector_name=${connector}${more}`

/** An hour that is over, in seconds. */
const anHour = () => {
  const end = Math.floor(Date.now() / 3_600_000) * 3_600
  return { start_time: end - 3_600, end_time: end }
}

/** Good requests to the routes of market data that need more than their path. */
export const marketDataRequests: Requests = {
  'GET /docs': () => ({ shape: page('html') }),
  'GET /redoc': () => ({ shape: page('html') }),
  'GET /docs/oauth2-redirect': () => ({ shape: page('html') }),
  'GET /openapi.json': () => ({ shape: bySchema(openApiDocument) }),
  'GET /connectors': () => ({ shape: byContract('GET', '/connectors/') }),
  'GET /connectors/{connector_name}': () => ({ shape: bySchema(connectorResponse) }),
  'GET /connectors/{connector_name}/trading-pairs': () => ({ shape: bySchema(tradingPairsResponse) }),
  'GET /connectors/{connector_name}/markets': () => ({ shape: bySchema(tradingPairsResponse) }),
  'POST /market-data/candles': () => ({ body: { ...feed, interval: '1m', max_records: 20 } }),
  'POST /market-data/historical-candles': () => ({ body: { ...feed, interval: '1m', ...anHour() } }),
  'POST /market-data/funding-info': () => ({ body: { ...feed, connector_name: 'simulator_perpetual' } }),
  'POST /market-data/funding-rates': () => ({
    body: { ...feed, connector_name: 'simulator_perpetual' },
    shape: byContract('POST', '/market-data/funding-info'),
  }),
  'POST /market-data/order-book': () => ({ body: { ...feed, depth: 5 } }),
  'POST /market-data/order-book/price-for-volume': () => ({ body: { ...feed, is_buy: true, volume: 0.5 } }),
  'POST /market-data/order-book/volume-for-price': () => ({ body: { ...feed, is_buy: true, price: 1e6 } }),
  'POST /market-data/order-book/price-for-quote-volume': () => ({ body: { ...feed, is_buy: true, quote_volume: 1e3 } }),
  'POST /market-data/order-book/quote-volume-for-price': () => ({ body: { ...feed, is_buy: false, price: 1 } }),
  'POST /market-data/order-book/vwap-for-volume': () => ({ body: { ...feed, is_buy: false, volume: 0.5 } }),
  'POST /market-data/prices': () => ({ body: { connector_name: connector, trading_pairs: [pair, 'ETH-USDT'] } }),
  'POST /market-data/trading-pair/add': () => ({ body: feed }),
  'POST /market-data/trading-pair/remove': () => ({ body: feed }),
  'GET /market-data/candles/{trading_pair}': () => ({
    path: query(`/market-data/candles/${pair}`, '&interval=1m&max_records=20'),
    shape: byContract('POST', '/market-data/candles'),
  }),
  'GET /market-data/orderbook/{trading_pair}': () => ({
    path: query(`/market-data/orderbook/${pair}`, '&depth=5'),
    shape: byContract('POST', '/market-data/order-book'),
  }),
  'GET /market-data/ticker/{trading_pair}': () => ({
    path: query(`/market-data/ticker/${pair}`),
    shape: bySchema(tickerResponse),
  }),
  'GET /market-data/trades/{trading_pair}': () => ({
    path: query(`/market-data/trades/${pair}`, '&limit=10'),
    shape: bySchema(tradesResponse),
  }),
  'PUT /rate-oracle/config': () => ({ body: {} }),
  'POST /rate-oracle/rates': () => ({ body: { trading_pairs: [pair, 'NO-PE'] } }),
  'GET /rate-oracle/rate': () => ({
    path: `/rate-oracle/rate?trading_pair=${pair}`,
    shape: byContract('GET', '/rate-oracle/rate/{trading_pair}'),
  }),
}
