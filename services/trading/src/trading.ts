import { hostname } from 'node:os'
import { join } from 'node:path'
import type { GuardScope } from '@colibri/contracts'
import { runProjection } from '@colibri/event-log'
import { connectorOf, openVenues } from '@colibri/exchange'
import type { ServiceKit, Started } from '@colibri/service-kit'
import { venueBudgets } from '@colibri/venue-budget'
import { accountFiles } from './accounts/account-files.ts'
import { accountLog } from './accounts/account-log.ts'
import { accountVenues } from './accounts/account-venues.ts'
import { ACCOUNTS, AccountsController } from './accounts/accounts.http.ts'
import { ACCOUNTS_RPC, AccountsRpcController } from './accounts/accounts.rpc.ts'
import { createBalances } from './accounts/balances.ts'
import { credentialStore } from './accounts/credentials.ts'
import { prepareMasterAccount } from './accounts/master-account.ts'
import { AUDIT, AuditController } from './audit/audit.http.ts'
import { auditProjection } from './audit/audit.projection.ts'
import { auditQueries } from './audit/audit.queries.ts'
import type { TradingConfig } from './config.ts'
import { FUNDING, FundingController } from './funding/funding.http.ts'
import { fundingProjection } from './funding/funding.projection.ts'
import { fundingQueries } from './funding/funding.queries.ts'
import { followFunding } from './funding/record-funding.ts'
import { GUARDS, GuardsController } from './guards/guards.http.ts'
import { openGuards, unguarded } from './guards/guards.ts'
import { measureLosses } from './guards/loss-metrics.ts'
import { readHoldings } from './guards/read-holdings.ts'
import { runLadder } from './guards/run-ladder.ts'
import { tellFills } from './guards/tell-fills.ts'
import { watchLosses } from './guards/watch-losses.ts'
import { becomeOnlyWriter } from './only-writer.ts'
import { cancelOrder } from './orders/cancel-order.ts'
import { clientOrderIds, type IdSubject } from './orders/client-order-id.ts'
import { defaultFollowPolicy, type Follower, followVenue } from './orders/follow-venue.ts'
import { createMarketSnapshots } from './orders/market-snapshots.ts'
import { createOrderStreams } from './orders/order-streams.ts'
import { ORDERS, OrdersController } from './orders/orders.http.ts'
import { ordersProjection } from './orders/orders.projection.ts'
import { ordersQueries } from './orders/orders.queries.ts'
import type { OrdersContext } from './orders/orders-context.ts'
import { placeOrder } from './orders/place-order.ts'
import { adoptOrphans, recoverOrders } from './orders/recover-orders.ts'
import { defaultSettlePolicy, settleOrders } from './orders/settle-orders.ts'
import { POSITIONS, PositionsController } from './positions/positions.http.ts'
import { createPositions, isPerpetual } from './positions/positions.ts'
import { positionsAsOf } from './positions/positions-as-of.ts'
import { driftWatches } from './reconciliation/drift-watches.ts'
import { createTradingRules } from './rules/trading-rules.ts'

const REPLY_MS = 5_000
const CATCH_UP_MS = 5_000
/** Nobody waits for the audit but who asks for it, and that ends the rest. */
const AUDIT_REST_MS = 5_000
const RECOVERY_MS = 3_000
const ORPHANS_EVERY_MS = 5_000

const simulatorUrls = ({ SIMULATOR_REST_URL: rest, SIMULATOR_WS_URL: ws }: TradingConfig) => {
  const urls = { ...(rest === undefined ? {} : { rest }), ...(ws === undefined ? {} : { ws }) }
  return { simulator: urls, simulator_perpetual: urls }
}

/** The service put together: accounts and their venues, orders, and what keeps the two agreeing. */
export const startTrading = async (kit: ServiceKit<TradingConfig>): Promise<Started> => {
  const { config, log, pool, logger, background, failpoint } = kit
  const now = Date.now
  const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
  await becomeOnlyWriter(kit)

  const files = accountFiles(config.COLIBRI_HOME, config.CONFIG_PASSWORD)
  const { SIMULATOR_API_KEY: key, SIMULATOR_API_SECRET: secret } = config
  const [projection, funding, audit] = await Promise.all([
    runProjection(log, pool, ordersProjection, {
      schema: 'trading',
      onError: (error) => report(error, 'projecting orders'),
      failpoint,
    }),
    runProjection(log, pool, fundingProjection, {
      schema: 'trading',
      onError: (error) => report(error, 'projecting funding payments'),
    }),
    runProjection(log, pool, auditProjection, {
      schema: 'trading',
      onError: (error) => report(error, 'projecting the audit'),
      restMs: AUDIT_REST_MS,
    }),
    prepareMasterAccount(files, key === undefined || secret === undefined ? undefined : { key, secret }),
  ])
  background('checking the password', checkPassword(kit, files))

  const exchange = openVenues({
    venuesFile: join(config.COLIBRI_HOME, 'venues.yml'),
    urls: simulatorUrls(config),
    logger,
    budgets: await venueBudgets(kit, config.OUTGOING_ADDRESS),
  })
  const followers = new Map<string, Follower>()
  const drifts = driftWatches()
  const fundingFollowers = new Map<string, AbortController>()
  const followerKey = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  const venues = accountVenues({
    files,
    venues: exchange,
    report,
    opened: (accountName, venue) => {
      const key = followerKey(accountName, venue.connectorName)
      followers.set(key, followVenue(context, settle, defaultFollowPolicy, accountName, venue))
      if (!isPerpetual(venue.connectorName)) return
      const stop = new AbortController()
      fundingFollowers.set(key, stop)
      background(
        `funding payments of ${venue.connectorName}`,
        followFunding({ log, now, report }, accountName, venue, stop.signal),
      )
    },
    released: async (accountName, connectorName) => {
      const key = followerKey(accountName, connectorName)
      const follower = followers.get(key)
      followers.delete(key)
      fundingFollowers.get(key)?.abort()
      fundingFollowers.delete(key)
      await follower?.stop()
    },
  })
  const balances = createBalances({ files, venues, now, background })
  const credentials = credentialStore({
    files,
    venues,
    exchange,
    history: accountLog(log, now),
    balancesMoved: balances.moved,
    report,
    warn: (text) => logger.warn(text),
  })
  const rules = createTradingRules({ call: kit.call, now, background })
  const markets = createMarketSnapshots({ nats: kit.nats, call: kit.call, now, background })
  kit.onShutdown(() => markets.close())

  const context: OrdersContext = {
    streams: tellFills(createOrderStreams(log, now), (intent, fill) => losses.filled(intent, fill)),
    venues,
    drifts: drifts.watch,
    underway: new Set(),
    now,
    valueIn: (connectorName, token, quote) => rules.price(connectorName, `${token}-${quote}`),
    attend: (accountName, connectorName, ids) => {
      const follower = followers.get(followerKey(accountName, connectorName))
      if (follower === undefined) background(`access to ${connectorName}`, venues.access(accountName, connectorName))
      else follower.attend(ids)
    },
    balancesMoved: (accountName, connectorName) => balances.moved(accountName, connectorName),
    report,
    failpoint,
  }
  const settle = settleOrders(context, {
    ...defaultSettlePolicy,
    absentGraceMs: config.ORDER_ABSENT_GRACE_MS,
    missingFillsMs: config.ORDER_MISSING_FILLS_MS,
  })

  const newId = clientOrderIds(`${hostname()} ${process.pid} ${config.INSTANCE_ID}`, now)
  const guards = await openGuards({
    log,
    now,
    live: context.streams.live,
    valueIn: context.valueIn,
    background,
  })
  const placing = {
    ...context,
    rules,
    market: markets.of,
    newClientOrderId: (subject: IdSubject) => newId(connectorOf(subject.connectorName).clientOrderId, subject),
    background,
    replyMs: REPLY_MS,
  }
  const place = placeOrder({ ...placing, guards })
  const cancel = cancelOrder({ ...context, background })

  const recovery = {
    ...context,
    pool,
    projection,
    patienceMs: RECOVERY_MS,
    settleAll: async (accountName: string, connectorName: string): Promise<void> => {
      await venues.access(accountName, connectorName)
      await followers.get(followerKey(accountName, connectorName))?.settleAll()
    },
  }
  const positions = createPositions({ files, venues, report })
  const ladder = {
    guards,
    positions,
    live: context.streams.live,
    cancel,
    place: placeOrder({ ...placing, guards: unguarded }),
    report,
  }
  const descend = (scope: GuardScope): void => background('going down the ladder of a halt', runLadder(ladder, scope))
  const losses = watchLosses({
    guards,
    everyMs: config.EQUITY_LOOK_MS,
    readHoldings: readHoldings({ files, venues, balances, call: kit.call, now }),
    descend,
    now,
    report,
  })
  measureLosses(kit.metrics, losses, now)

  const stopping = new AbortController()
  let watching: Promise<void> | undefined
  kit.onShutdown(async () => {
    stopping.abort()
    await watching
    balances.stop()
    await venues.close()
    await exchange.close()
  })

  const upToDate = {
    stored: context.streams.stored,
    projected: () => projection.catchUp(CATCH_UP_MS),
  }

  /** Opens what is stored, so that the first order pays for no decryption, no markets and no rules. */
  const warm = async (): Promise<void> => {
    for (const accountName of await files.accounts()) {
      for (const connectorName of await files.connectors(accountName)) {
        if (stopping.signal.aborted) return
        await Promise.all([venues.access(accountName, connectorName), rules.of(connectorName)])
      }
    }
    await balances.read({ accountNames: null, connectorNames: null, refresh: false })
  }

  return {
    controllers: [
      OrdersController,
      PositionsController,
      FundingController,
      GuardsController,
      AccountsController,
      AccountsRpcController,
      AuditController,
    ],
    providers: [
      {
        provide: ORDERS,
        useValue: {
          place,
          cancel,
          accountExists: files.exists,
          cause: () => causeOf(kit),
          queries: ordersQueries(pool, log, upToDate),
        },
      },
      { provide: POSITIONS, useValue: { positions, venues, asOf: positionsAsOf(pool, log, upToDate) } },
      {
        provide: AUDIT,
        useValue: auditQueries(pool, log, async () => {
          await upToDate.stored()
          await audit.catchUp(CATCH_UP_MS)
        }),
      },
      {
        provide: GUARDS,
        useValue: { guards, accountExists: files.exists, cause: () => causeOf(kit), descend, sight: losses.sight },
      },
      { provide: FUNDING, useValue: fundingQueries(pool, () => funding.catchUp(CATCH_UP_MS)) },
      { provide: ACCOUNTS, useValue: { files, credentials, cause: () => causeOf(kit) } },
      { provide: ACCOUNTS_RPC, useValue: { files, balances } },
    ],
    projections: [projection, funding, audit],
    recover: async () => {
      await recoverOrders(recovery)
      // A crash on the way down a ladder is followed by the same ladder.
      for (const { scope, halt } of guards.all()) if (halt.kind === 'halting') descend(scope)
      background('looking for orders without an owner', adoptOrphans(recovery, ORPHANS_EVERY_MS, stopping.signal))
      background('opening stored accounts', warm())
      watching = losses.run(stopping.signal)
      background('watching losses', watching)
    },
  }
}

const causeOf = (kit: ServiceKit<TradingConfig>) => {
  const { requestId, correlationId, actor, address } = kit.context()
  return { actor, correlationId, causationId: requestId, ...(address === undefined ? {} : { address }) }
}

const checkPassword = async (
  { logger }: ServiceKit<TradingConfig>,
  files: ReturnType<typeof accountFiles>,
): Promise<void> => {
  if (await files.passwordFits()) return
  logger.error('CONFIG_PASSWORD is not the password the stored credentials were encrypted with: they cannot be used')
}
