import type { ServiceName } from '@colibri/contracts'

/** How long the edge waits for the first byte of an answer. `long` is for work that is done inside the request. */
export type Patience = 'standard' | 'long'

export interface Route {
  readonly prefix: string
  readonly service: ServiceName
  readonly patience: Patience
}

const route = (prefix: string, service: ServiceName, patience: Patience = 'standard'): Route => ({
  prefix,
  service,
  patience,
})

/** Which service owns a path: the longest prefix of its template wins. */
export const routes: readonly Route[] = [
  route('/connectors', 'market-data'),
  route('/market-data', 'market-data'),
  route('/market-data/historical-candles', 'market-data', 'long'),
  route('/rate-oracle', 'market-data'),
  route('/system', 'market-data'),
  route('/accounts', 'trading'),
  route('/accounts/{account_name}/balances', 'portfolio'),
  route('/trading', 'trading'),
  route('/trading/reconcile', 'trading', 'long'),
  route('/guards', 'trading'),
  route('/webhooks', 'trading'),
  route('/audit', 'trading'),
  route('/executors', 'trading'),
  route('/portfolio', 'portfolio'),
  route('/docker', 'orchestration'),
  route('/bot-orchestration', 'orchestration'),
  route('/controllers', 'orchestration'),
  route('/scripts', 'orchestration'),
  route('/archived-bots', 'orchestration'),
  route('/storage', 'orchestration'),
  route('/backtesting', 'backtesting', 'long'),
  route('/accounts/gateway', 'gateway-dex'),
  route('/gateway', 'gateway-dex'),
  route('/gateway-proxy', 'gateway-dex'),
  route('/chains', 'gateway-dex'),
]

/**
 * How a socket reaches its service. `held`: the edge ends the client's websocket itself, speaks to a replica over another
 * one and goes on at the next replica when that one dies, for it knows how to resume what the client subscribed to.
 * `piped`: byte by byte to one replica, and the socket ends with it.
 */
export interface SocketRoute {
  readonly service: ServiceName
  readonly path: string
  readonly way: 'held' | 'piped'
}

/** Socket paths, older spelling included, with the path their service knows. */
export const sockets: Readonly<Record<string, SocketRoute>> = {
  '/ws/market-data': { service: 'market-data', path: '/ws/market-data', way: 'held' },
  '/market-data/stream': { service: 'market-data', path: '/ws/market-data', way: 'held' },
  '/ws/executors': { service: 'trading', path: '/ws/executors', way: 'piped' },
}

const covers = (prefix: string, path: string): boolean =>
  path === prefix || (path.startsWith(prefix) && path.charAt(prefix.length) === '/')

/** The route that owns a path template, or undefined where the table has none. */
export const routeOf = (template: string): Route | undefined => {
  let best: Route | undefined
  for (const candidate of routes) {
    if (covers(candidate.prefix, template) && (best === undefined || candidate.prefix.length > best.prefix.length)) {
      best = candidate
    }
  }
  return best
}
