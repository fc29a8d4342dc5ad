import {
  BACKTEST_PROGRESS,
  BACKTEST_QUEUE,
  EVENTS_STREAM,
  inboxPrefix,
  OPTIMISATION_QUEUE,
  RATE_ORACLE_CHANGED,
  type ServiceName,
  serviceName,
  VENUE_BUDGETS,
} from '@colibri/contracts'
import type { NatsPermissions, NatsUser } from './nats-config.ts'

/** Who may call whom over NATS; the house allows no other edge. */
const CALLS: Record<ServiceName, readonly ServiceName[]> = {
  'market-data': [],
  'gateway-dex': [],
  trading: ['market-data', 'gateway-dex'],
  portfolio: ['trading', 'market-data', 'gateway-dex'],
  backtesting: ['market-data'],
  orchestration: ['trading'],
}

/** JetStream's own subjects for one stream: reading it and, for its owner, making and changing it. */
const readStream = (stream: string): string[] => [
  '$JS.API.INFO',
  '$JS.API.STREAM.NAMES',
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}.>`,
  `$JS.API.CONSUMER.*.${stream}`,
  `$JS.API.CONSUMER.*.${stream}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  `$JS.ACK.${stream}.>`,
  `$JS.FC.${stream}.>`,
]
const ownStream = (stream: string): string[] => [...readStream(stream), `$JS.API.STREAM.*.${stream}`]
/** A key-value bucket: its stream and its keys. */
const ownBucket = (bucket: string): string[] => [...ownStream(`KV_${bucket}`), `$KV.${bucket}.>`]

/** Replicas of market-data agree among themselves on who owns which feed. */
const FEED_OWNERSHIP = ['feeds.*', ...ownBucket('market-data-replicas'), ...ownBucket('market-data-feeds')]

/** What a service needs beyond announcing itself, answering and calling. */
const MORE: Partial<Record<ServiceName, { publish?: readonly string[]; subscribe?: readonly string[] }>> = {
  'market-data': {
    publish: ['market.>', ...FEED_OWNERSHIP, RATE_ORACLE_CHANGED],
    subscribe: ['market.>', 'feeds.*', RATE_ORACLE_CHANGED],
  },
  backtesting: {
    publish: ['backtests.>', ...ownStream(BACKTEST_QUEUE), ...ownStream(OPTIMISATION_QUEUE)],
    subscribe: ['backtests.>'],
  },
  orchestration: { publish: ['hbot.>'], subscribe: ['hbot.>'] },
}

/** Replicas of these share one budget of requests for each venue. */
const ASKS_VENUES: readonly ServiceName[] = ['market-data', 'trading']

const servicePermissions = (service: ServiceName): NatsPermissions => ({
  publish: [
    `instances.${service}`,
    ...CALLS[service].map((callee) => `rpc.${callee}.>`),
    // Whichever service is elected copies the log to the stream.
    'events.>',
    ...ownStream(EVENTS_STREAM),
    ...(ASKS_VENUES.includes(service) ? ownBucket(VENUE_BUDGETS) : []),
    ...(MORE[service]?.publish ?? []),
  ],
  subscribe: [
    'instances.query',
    `rpc.${service}.>`,
    `${inboxPrefix(service)}.>`,
    ...(CALLS[service].includes('market-data') ? ['market.>'] : []),
    ...(MORE[service]?.subscribe ?? []),
  ],
  replies: 'to-requests',
})

const PERMISSIONS: Record<string, NatsPermissions> = {
  ...Object.fromEntries(serviceName.options.map((service) => [service, servicePermissions(service)])),
  gateway: { publish: ['instances.query'], subscribe: ['instances.>', `${inboxPrefix('gateway')}.>`] },
  launcher: { publish: ['instances.query'], subscribe: ['instances.>', `${inboxPrefix('launcher')}.>`] },
  /** Programs outside: they read events and market data and change nothing. Theirs is the inbox every plain client uses. */
  subscriber: {
    publish: readStream(EVENTS_STREAM),
    subscribe: ['events.>', 'market.>', BACKTEST_PROGRESS, '_INBOX.>'],
  },
  /** Bots, over MQTT; the server delivers their subscriptions on subjects of its own. */
  bots: { publish: ['hbot.>'], subscribe: ['hbot.>', '$MQTT.sub.>', '$MQTT.deliver.pubrel.>'] },
}

export const natsUserNames: readonly string[] = Object.keys(PERMISSIONS)

/** Every NATS user with its rights. Throws when a password is missing. */
export const natsUsers = (passwords: Readonly<Record<string, string>>): NatsUser[] =>
  Object.entries(PERMISSIONS).map(([user, permissions]) => {
    const password = passwords[user]
    if (password === undefined) throw new Error(`no password for the NATS user ${user}`)
    return { user, password, permissions }
  })
