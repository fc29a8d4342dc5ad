/** Every NATS subject Colibri speaks. `docs/subjects.md` documents them for subscribers. */
export const EVENTS_STREAM = 'EVENTS'

/** Where the relay publishes a stored event: `events.<category>.<id>.<EventType>`. Dots, spaces and wildcards in ids become `_`. */
export const eventSubject = (streamId: string, type: string): string => {
  const dash = streamId.indexOf('-')
  const category = dash < 0 ? streamId : streamId.slice(0, dash)
  const id = dash < 0 ? '_' : streamId.slice(dash + 1)
  return `events.${subjectToken(category)}.${subjectToken(id)}.${type}`
}

/** `candles-<interval>` for candles. */
export type MarketKind = 'ticker' | 'book' | 'trades' | 'funding' | `candles-${string}`

export const marketSubject = (connector: string, tradingPair: string, kind: MarketKind): string =>
  `market.${subjectToken(connector)}.${subjectToken(tradingPair)}.${subjectToken(kind)}`

/** Request-reply between services, queue group = service. */
export const rpcSubject = (service: string, operation: string): string => `rpc.${service}.${operation}`

/** Announced by every HTTP server once a second and on each change of state; the edge routes by it. */
export const instancesSubject = (service: string): string => `instances.${service}`

/** Said by the market-data replica that changed the rate oracle's configuration; the others read the file again. No payload. */
export const RATE_ORACLE_CHANGED = 'rate-oracle.changed'

/** Key-value bucket in which all replicas share what they use of each venue's request budget. */
export const VENUE_BUDGETS = 'venue-budgets'

/** Where replies to a user arrive: one of its own each, so that nobody reads the replies of another. */
export const inboxPrefix = (user: string): string => `_INBOX_${user}`

/** Work queue of backtests: each message is one task, gone once a replica has run it. */
export const BACKTEST_QUEUE = 'BACKTESTS'
export const BACKTEST_QUEUE_SUBJECTS = 'backtests.queue.*'
export const backtestQueueSubject = (taskId: string): string => `backtests.queue.${subjectToken(taskId)}`
export const backtestProgressSubject = (taskId: string): string => `backtests.progress.${subjectToken(taskId)}`
export const BACKTEST_PROGRESS = 'backtests.progress.*'
export const BACKTEST_CANCEL = 'backtests.cancel'

/** Where searches for parameters wait; each goes to one replica. */
export const OPTIMISATION_QUEUE = 'OPTIMISATIONS'
export const OPTIMISATION_QUEUE_SUBJECTS = 'backtests.optimise.*'
export const optimisationQueueSubject = (optimisationId: string): string => `backtests.optimise.${optimisationId}`
/** Heard by the replica that runs it: nobody wants the search any more. */
export const OPTIMISATION_CANCEL = 'backtests.cancel-optimisation'

const subjectToken = (text: string): string => (text === '' ? '_' : text.replaceAll(/[\s.*>]/g, '_'))
