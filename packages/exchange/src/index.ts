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
export * from './venue.ts'
export { parseVenueUrls, VenuesFileInvalid } from './venues-file.ts'
