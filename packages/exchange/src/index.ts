export {
  type ClientOrderIdRule,
  type Connector,
  type CredentialField,
  catalogue,
  clientOrderIdFrom,
  connectorOf,
} from './catalogue.ts'
export { openVenues, type VenuesLogger, type VenuesOptions } from './open-venues.ts'
export { ccxtSymbolOf, tradingPairOf } from './pairs.ts'
export {
  type BudgetObserver,
  type BudgetReport,
  type RateBudgets,
  type RateBudgetsOptions,
  rateBudgets,
} from './rate-budget/rate-budgets.ts'
export type { Priority } from './rate-budget/rate-limit.ts'
export { type SharedCell, type SharedStore, StoreAway } from './rate-budget/shared-store.ts'
export type { VenueStanding } from './rate-budget/venue-standing.ts'
export * from './venue.ts'
export { parseVenueUrls, readVenuesFile, VenuesFileInvalid } from './venues-file.ts'
