import { z } from 'zod'
import { candlesRangeReply, candlesRangeRequest } from '../candles-rpc.ts'
import { accountEvents } from '../events/account.ts'
import { backtestCancel, backtestEvents, backtestProgress, backtestQueued } from '../events/backtest.ts'
import { driftEvents } from '../events/drift.ts'
import { fundingEvents } from '../events/funding.ts'
import { guardEvents } from '../events/guard.ts'
import { optimisationCancel, optimisationEvents, optimisationQueued, trialEvents } from '../events/optimisation.ts'
import { orderEvents } from '../events/order.ts'
import { portfolioEvents } from '../events/portfolio.ts'
import { rebalanceEvents } from '../events/rebalance.ts'
import { venueEvents } from '../events/venue.ts'
import { instanceAnnouncement, serviceName } from '../instances.ts'
import { liveSocketMessages, liveSocketRequests } from '../live-socket.ts'
import { marketMessages } from '../market.ts'
import {
  accountsReply,
  balancesReply,
  balancesRequest,
  guardsReply,
  orderReply,
  orderRpcRequest,
  placeOrderReply,
  placeOrderRpcRequest,
  pricesReply,
  pricesRequest,
  ratesReply,
  ratesRequest,
  rpcError,
  tradingRulesReply,
  tradingRulesRequest,
} from '../rpc.ts'
import {
  BACKTEST_CANCEL,
  OPTIMISATION_CANCEL,
  OPTIMISATION_QUEUE,
  OPTIMISATION_QUEUE_SUBJECTS,
  RATE_ORACLE_CHANGED,
  rpcSubject,
} from '../subjects.ts'
import { recordedEvent } from './recorded-event.ts'

type Messages = Readonly<Record<string, z.ZodType>>

/** A place where Colibri speaks or listens. */
export interface Channel {
  /** Its key in the document. */
  readonly name: string
  readonly server: 'nats' | 'edge'
  readonly address: string
  readonly description: string
  /** What stands in for the `{…}` of the address. */
  readonly parameters?: Readonly<Record<string, { readonly description: string; readonly enum?: readonly string[] }>>
  /** What Colibri says here. */
  readonly said?: Messages
  /** What Colibri understands here. */
  readonly heard?: Messages
  /** Answers to what is heard, to the asker alone. */
  readonly replies?: Messages
}

/** Everything the log may hold, by category of stream. */
const events = {
  order: orderEvents,
  funding: fundingEvents,
  portfolio: portfolioEvents,
  rebalance: rebalanceEvents,
  venue: venueEvents,
  guard: guardEvents,
  drift: driftEvents,
  account: accountEvents,
  backtest: backtestEvents,
  optimisation: optimisationEvents,
  trial: trialEvents,
} as const

const eventChannels = (): Channel[] =>
  Object.entries(events).map(([category, schemas]) => ({
    name: `events.${category}`,
    server: 'nats',
    address: `events.${category}.{id}.{type}`,
    description:
      'Every event of the log, copied to the JetStream stream EVENTS: at least once, deduplicated by message id, ' +
      'replayable from the first.',
    parameters: {
      id: { description: 'The aggregate; dots, spaces and wildcards in it are `_`.' },
      type: { description: 'What happened.', enum: Object.keys(schemas) },
    },
    said: Object.fromEntries(Object.entries(schemas).map(([type, data]) => [type, recordedEvent(type, data)])),
  }))

const MARKET: Readonly<Record<keyof typeof marketMessages, { readonly kind: string; readonly description: string }>> = {
  book: { kind: 'book', description: 'The best levels of a book.' },
  trades: { kind: 'trades', description: 'Public trades, each once.' },
  ticker: { kind: 'ticker', description: 'Best bid and ask, last price.' },
  funding: { kind: 'funding', description: 'Funding of a perpetual.' },
  candles: { kind: 'candles-{interval}', description: 'Candles that are new or changed.' },
}

const marketChannels = (): Channel[] =>
  Object.entries(marketMessages).map(([name, message]) => {
    const { kind, description } = MARKET[name as keyof typeof marketMessages]
    return {
      name: `market.${name}`,
      server: 'nats',
      address: `market.{connector}.{tradingPair}.${kind}`,
      description: `${description} Published by the replica that owns the feed, while somebody uses it. Not stored.`,
      parameters: {
        connector: { description: 'As `GET /connectors/` lists it.' },
        tradingPair: { description: '`BASE-QUOTE`; dots, spaces and wildcards in it are `_`.' },
        ...(kind.includes('{') ? { interval: { description: '`1m`, `4h`, `1d`, …' } } : {}),
      },
      said: { [`Market${name.charAt(0).toUpperCase()}${name.slice(1)}`]: message },
    }
  })

const empty = z.undefined()

const call = (
  service: z.infer<typeof serviceName>,
  operation: string,
  title: string,
  [request, reply]: readonly [z.ZodType, z.ZodType],
  description: string,
): Channel => ({
  name: rpcSubject(service, operation),
  server: 'nats',
  address: rpcSubject(service, operation),
  description: `${description} Between services only; one replica of ${service} answers.`,
  heard: { [`${title}Request`]: request },
  replies: { [`${title}Reply`]: reply, RpcError: rpcError },
})

const calls = (): Channel[] => [
  call('market-data', 'trading-rules', 'TradingRules', [tradingRulesRequest, tradingRulesReply], 'Rules of a venue.'),
  call('market-data', 'prices', 'Prices', [pricesRequest, pricesReply], 'Last prices at a venue.'),
  call('market-data', 'rates', 'Rates', [ratesRequest, ratesReply], 'Rates of the rate oracle.'),
  call('market-data', 'candles', 'CandlesRange', [candlesRangeRequest, candlesRangeReply], 'Closed candles, in pages.'),
  call('trading', 'balances', 'Balances', [balancesRequest, balancesReply], 'Balances of accounts.'),
  call('trading', 'accounts', 'Accounts', [z.object({}), accountsReply], 'Names of all accounts.'),
  call('trading', 'place-order', 'PlaceOrder', [placeOrderRpcRequest, placeOrderReply], 'Places an order once.'),
  call('trading', 'order', 'Order', [orderRpcRequest, orderReply], 'What has become of an order.'),
  call('trading', 'guards', 'Guards', [z.object({}), guardsReply], 'Limits and halts.'),
]

/** Every channel of Colibri, REST left out. */
export const channels = (): readonly Channel[] => [
  ...eventChannels(),
  ...marketChannels(),
  {
    name: 'instances',
    server: 'nats',
    address: 'instances.{service}',
    description: 'Which replicas are up, where, in which state: once a second and at each change.',
    parameters: { service: { description: 'Name of a service.', enum: serviceName.options } },
    said: { InstanceAnnouncement: instanceAnnouncement },
  },
  {
    name: 'instances.query',
    server: 'nats',
    address: 'instances.query',
    description: 'Asks every replica to announce itself at once. No payload.',
    heard: { InstancesQuery: empty },
  },
  {
    name: RATE_ORACLE_CHANGED,
    server: 'nats',
    address: RATE_ORACLE_CHANGED,
    description:
      'The configuration of the rate oracle was changed; replicas read it again. Between services. No payload.',
    said: { RateOracleChanged: empty },
  },
  {
    name: 'feeds',
    server: 'nats',
    address: 'feeds.{session}',
    description: 'Between replicas of market-data only, about the feeds they share. May change at any time.',
    parameters: { session: { description: 'A replica, for as long as it holds its lease.' } },
    heard: { FeedsQuestion: z.unknown() },
    replies: { FeedsAnswer: z.unknown() },
  },
  {
    name: 'backtests.progress',
    server: 'nats',
    address: 'backtests.progress.{taskId}',
    description: 'How far a backtest is that runs as a task: some times a second. Not stored.',
    parameters: { taskId: { description: 'As `POST /backtesting/tasks` answers it.' } },
    said: { BacktestProgress: backtestProgress },
  },
  {
    name: 'backtests.queue',
    server: 'nats',
    address: 'backtests.queue.{taskId}',
    description:
      'JetStream work queue BACKTESTS, between replicas of backtesting: tasks that nobody has run to their end yet.',
    parameters: { taskId: { description: 'The task.' } },
    said: { BacktestQueued: backtestQueued },
    heard: { BacktestQueued: backtestQueued },
  },
  {
    name: BACKTEST_CANCEL,
    server: 'nats',
    address: BACKTEST_CANCEL,
    description: 'Between replicas of backtesting: a task was deleted, whoever runs it stops.',
    said: { BacktestCancel: backtestCancel },
    heard: { BacktestCancel: backtestCancel },
  },
  {
    name: OPTIMISATION_QUEUE,
    server: 'nats',
    address: OPTIMISATION_QUEUE_SUBJECTS,
    description: `Between replicas of backtesting: JetStream work queue \`${OPTIMISATION_QUEUE}\` of searches for parameters.`,
    said: { OptimisationQueued: optimisationQueued },
    heard: { OptimisationQueued: optimisationQueued },
  },
  {
    name: OPTIMISATION_CANCEL,
    server: 'nats',
    address: OPTIMISATION_CANCEL,
    description: 'Between replicas of backtesting: a search was cancelled, whoever runs it stops.',
    said: { OptimisationCancel: optimisationCancel },
    heard: { OptimisationCancel: optimisationCancel },
  },
  ...calls(),
  {
    name: 'ws.market-data',
    server: 'edge',
    address: '/ws/market-data',
    description:
      'Live market data for a client, at the pace it asks for. Basic auth, or `?token=` with base64 of `user:password`, or ' +
      '`?username=&password=`. Also served as `/market-data/stream`. Close codes: 4001 authentication failed, 4008 the ' +
      'client did not read, 1012 the service restarts: come back and resume, ' +
      '1013 no replica is ready: try again later.',
    said: liveSocketMessages,
    heard: liveSocketRequests,
  },
]
