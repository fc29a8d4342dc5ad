import { accountRequests } from './account-requests.ts'
import { backtestRequests } from './backtest-requests.ts'
import { type Route, successStatus } from './contract.ts'
import { marketDataRequests } from './market-data-requests.ts'
import type { Prepared } from './prepare.ts'
import { byContract, type Shape } from './shapes.ts'

export interface RouteRequest {
  readonly path: string
  readonly body?: object
  readonly shape: Shape
  readonly status: number
  /** A list in the reply that something was prepared for: it must not be empty. */
  readonly filled?: 'data' | 'distribution'
}

/** By method and path of the route. */
export type Requests = Readonly<Record<string, (prepared: Prepared) => Partial<RouteRequest>>>

const requests: Requests = { ...marketDataRequests, ...accountRequests, ...backtestRequests }

/** A good request to the route on a machine with the simulator alone, and what its reply has to be. */
export const goodRequest = (route: Route, prepared: Prepared): RouteRequest => {
  const { method, path } = route
  return {
    path: path
      .replace(
        '{connector_name}',
        path.includes('position-mode') || path.includes('leverage') ? 'simulator_perpetual' : 'simulator',
      )
      .replace('{trading_pair}', 'BTC-USDT')
      .replace('{account_name}', 'master_account'),
    shape: byContract(method, path),
    status: successStatus(route),
    ...requests[`${method} ${path}`]?.(prepared),
  }
}
