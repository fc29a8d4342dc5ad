import type { AccountVenues } from '../accounts/account-venues.ts'
import type { TradingFailpoint } from '../config.ts'
import type { DriftWatch } from '../reconciliation/drift-watch.ts'
import type { OrderStreams } from './order-streams.ts'

/** What every use case of orders stands on. */
export interface OrdersContext {
  readonly streams: OrderStreams
  readonly venues: AccountVenues
  /** Hears what does not agree with a venue. */
  readonly drifts: DriftWatch
  /** Requests under way to a venue, by client order id: until one has answered nobody judges its order. */
  readonly underway: Set<string>
  now(): number
  /** Epoch milliseconds from when on nothing can reach a venue any more that another process has sent for the account. */
  silentFrom(accountName: string): number
  /** What a token is worth in another; null when no price is known in time. */
  valueIn(connectorName: string, token: string, quote: string): Promise<string | null>
  /** Asks for these orders to be compared with the venue soon. */
  attend(accountName: string, connectorName: string, clientOrderIds: readonly string[]): void
  /** Fills and cancels move balances. */
  balancesMoved(accountName: string, connectorName: string): void
  report(error: unknown, what: string): void
  /** Named places at which a crash test ends the process. */
  failpoint(name: TradingFailpoint): void
}
