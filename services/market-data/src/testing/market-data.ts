/** This service, for `startedService` and `serviceReplicas`. */
export const marketData = { service: 'market-data', entry: new URL('../main.js', import.meta.url) }
