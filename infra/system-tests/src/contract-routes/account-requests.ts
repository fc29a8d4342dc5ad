import { portfolioPerformance, portfolioStateResponse } from '@colibri/contracts'
import type { Prepared } from './prepare.ts'
import type { Requests, RouteRequest } from './route-requests.ts'
import { byContract, bySchema } from './shapes.ts'

const keysOf = (connector: string, { apiKey, apiSecret }: Prepared['key']) => ({
  [`${connector}_api_key`]: apiKey,
  [`${connector}_api_secret`]: apiSecret,
})

const asContract = (canonical: string): Pick<RouteRequest, 'shape'> => {
  const [method = '', path = ''] = canonical.split(' ')
  return { shape: byContract(method, path) }
}

const ADD_CREDENTIAL = 'POST /accounts/add-credential/{account_name}/{connector_name}'
const pair = { account_name: 'master_account', trading_pair: 'BTC-USDT' }

/** Good requests to the routes of accounts, trading and portfolio that need more than their path. */
export const accountRequests: Requests = {
  'POST /accounts/add-account': () => ({ path: '/accounts/add-account?account_name=added' }),
  [ADD_CREDENTIAL]: ({ key }) => ({
    path: '/accounts/add-credential/kept/simulator',
    body: keysOf('simulator', key),
  }),
  'POST /accounts/delete-account': () => ({ path: '/accounts/delete-account?account_name=gone' }),
  'POST /accounts/delete-credential/{account_name}/{connector_name}': () => ({
    path: '/accounts/delete-credential/kept/simulator_perpetual',
  }),
  'GET /accounts': () => asContract('GET /accounts/'),
  'POST /accounts': () => ({
    body: { account_name: 'added_by_body' },
    status: 201,
    ...asContract('POST /accounts/add-account'),
  }),
  'DELETE /accounts/{account_name}': () => ({
    path: '/accounts/gone_by_path',
    ...asContract('POST /accounts/delete-account'),
  }),
  'PUT /accounts/{account_name}': ({ key }) => ({
    path: '/accounts/kept',
    body: { connector_name: 'simulator', credentials: keysOf('simulator', key) },
    ...asContract(ADD_CREDENTIAL),
  }),
  'GET /accounts/{account_name}/balances': () => ({ shape: bySchema(portfolioStateResponse.valueType) }),

  'POST /portfolio/state': () => ({ body: {} }),
  'POST /portfolio/history': () => ({ body: {}, filled: 'data' }),
  'POST /portfolio/distribution': () => ({ body: {}, filled: 'distribution' }),
  'GET /portfolio/accounts-distribution': () => ({ filled: 'distribution' }),
  'POST /portfolio/accounts-distribution': () => ({
    body: {},
    filled: 'distribution',
    ...asContract('GET /portfolio/accounts-distribution'),
  }),
  'GET /portfolio/distribution': () => ({ filled: 'distribution', ...asContract('POST /portfolio/distribution') }),
  'GET /portfolio/history': () => ({ filled: 'data', ...asContract('POST /portfolio/history') }),
  'GET /portfolio/balances': () => asContract('POST /portfolio/state'),
  'GET /portfolio/performance': () => ({ shape: bySchema(portfolioPerformance) }),

  'POST /trading/orders': () => ({
    body: { ...pair, connector_name: 'simulator', trade_type: 'BUY', amount: '0.001', order_type: 'MARKET' },
  }),
  'POST /trading/orders/active': () => ({ body: {}, filled: 'data' }),
  'POST /trading/orders/search': () => ({ body: {}, filled: 'data' }),
  'POST /trading/trades': () => ({ body: {}, filled: 'data' }),
  'POST /trading/positions': () => ({ body: {}, filled: 'data' }),
  // Paid every eight hours: nothing is there yet.
  'POST /trading/funding-payments': () => ({ body: {} }),
  'POST /trading/{account_name}/{connector_name}/orders/{client_order_id}/cancel': ({ openOrders: [id] }) => ({
    path: `/trading/master_account/simulator/orders/${id}/cancel`,
  }),
  'POST /trading/{account_name}/{connector_name}/position-mode': () => ({ body: { position_mode: 'ONEWAY' } }),
  'POST /trading/{account_name}/{connector_name}/leverage': () => ({ body: { trading_pair: 'BTC-USDT', leverage: 5 } }),
  'GET /trading/positions': () => ({ filled: 'data', ...asContract('POST /trading/positions') }),
  'GET /trading/history': () => ({ filled: 'data', ...asContract('POST /trading/trades') }),
  'GET /trading/orders': () => ({ filled: 'data', ...asContract('POST /trading/orders/active') }),
  'DELETE /trading/orders/{client_order_id}': ({ openOrders: [, id] }) => ({
    path: `/trading/orders/${id}`,
    ...asContract('POST /trading/{account_name}/{connector_name}/orders/{client_order_id}/cancel'),
  }),
  'POST /trading/close-position': () => ({
    body: { ...pair, connector_name: 'simulator_perpetual' },
    status: 201,
    ...asContract('POST /trading/orders'),
  }),
}
