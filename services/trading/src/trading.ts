import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type GuardScope, guardsStream, orderStream } from '@colibri/contracts'
import { categoryOf, type Page, prepareLeases, runProjection } from '@colibri/event-log'
import { connectorOf, openVenues } from '@colibri/exchange'
import type { ServiceKit, Started } from '@colibri/service-kit'
import { venueBudgets } from '@colibri/venue-budget'
import { APP_INTERCEPTOR } from '@nestjs/core'
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
import { balancesOfAll, positionsOfAll } from './leases/ask-owners.ts'
import { createAccountLeases } from './leases/create-account-leases.ts'
import { openLeaseSession } from './leases/lease-session.ts'
import { overReplicas } from './leases/over-replicas.ts'
import { ownLogs } from './leases/own-logs.ts'
import { REPLICA, ReplicaController } from './leases/replica.http.ts'
import { RouteToOwner } from './leases/route-to-owner.ts'
import { instant } from './leases/term.ts'
import { cancelOrder } from './orders/cancel-order.ts'
import { clientOrderIds, type IdSubject } from './orders/client-order-id.ts'
import { defaultFollowPolicy, type Follower, followVenue } from './orders/follow-venue.ts'
import { createMarketSnapshots } from './orders/market-snapshots.ts'
import { orderEventOf } from './orders/order.ts'
import { createOrderStreams } from './orders/order-streams.ts'
import { ORDERS, OrdersController } from './orders/orders.http.ts'
import { ordersProjection } from './orders/orders.projection.ts'
import { ordersQueries } from './orders/orders.queries.ts'
import { ORDERS_RPC, OrdersRpcController } from './orders/orders.rpc.ts'
import type { OrdersContext } from './orders/orders-context.ts'
import { placeOrder } from './orders/place-order.ts'
import { postOrder } from './orders/post-order.ts'
import { readOrder } from './orders/read-order.ts'
import { adoptOrphans, drained, recoverOrders, rememberEnded } from './orders/recover-orders.ts'
import { defaultSettlePolicy, settleOrders } from './orders/settle-orders.ts'
import { POSITIONS, PositionsController } from './positions/positions.http.ts'
import { createPositions, isPerpetual } from './positions/positions.ts'
import { positionsAsOf } from './positions/positions-as-of.ts'
import { driftsProjection } from './reconciliation/drifts.projection.ts'
import { openReconciliation } from './reconciliation/open-reconciliation.ts'
import { RECONCILIATION, ReconciliationController } from './reconciliation/reconciliation.http.ts'
import { createTradingRules } from './rules/trading-rules.ts'
import { openWebhooks } from './webhooks/open-webhooks.ts'
import { WEBHOOKS, WebhooksController } from './webhooks/webhooks.http.ts'

const REPLY_MS = 5_000
const CATCH_UP_MS = 5_000
/** Nobody waits for the audit but who asks for it, and that ends the rest. */
const AUDIT_REST_MS = 5_000
const RECOVERY_MS = 3_000
const ORPHANS_EVERY_MS = 5_000
/** Venues take a signed request no longer than this after it was signed, where they look at its time. */
const REQUEST_VALID_MS = 10_000
/** Balances are counted anew from what the venue says, when it agrees, this often. */
const BALANCES_BASIS_MS = 3_600_000

const simulatorUrls = ({ SIMULATOR_REST_URL: rest, SIMULATOR_WS_URL: ws }: TradingConfig) => {
  const urls = { ...(rest === undefined ? {} : { rest }), ...(ws === undefined ? {} : { ws }) }
  return { simulator: urls, simulator_perpetual: urls }
}

/** The service put together: accounts and their venues, orders, and what keeps the two agreeing. */
export const startTrading = async (kit: ServiceKit<TradingConfig>): Promise<Started> => {
  const { config, log, pool, logger, background, failpoint } = kit
  const now = Date.now
  const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
  if (config.EVENT_LOG === 'kurrentdb') await prepareLeases(pool)

  const files = accountFiles(config.COLIBRI_HOME, config.CONFIG_PASSWORD)
  const { SIMULATOR_API_KEY: key, SIMULATOR_API_SECRET: secret } = config
  const [projection, driftsTables, funding, audit] = await Promise.all([
    runProjection(log, pool, ordersProjection, {
      schema: 'trading',
      onError: (error) => report(error, 'projecting orders'),
      failpoint,
    }),
    runProjection(log, pool, driftsProjection, {
      schema: 'trading',
      onError: (error) => report(error, 'projecting drifts'),
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
  const owner = { id: `${config.INSTANCE_ID} pid ${process.pid} ${randomUUID()}`, ttlMs: config.ACCOUNT_LEASE_MS }
  const leases = createAccountLeases({
    owner,
    mode: config.EVENT_LOG === 'kurrentdb' ? 'exclusive' : 'shared',
    openSession: (address, changed) => openLeaseSession({ pool, owner: { ...owner, address }, changed, report }),
    accounts: files.accounts,
    exists: files.exists,
    together: () => replicas.together(),
    adopt: async (accountName) => {
      context.streams.forgetOf(accountName)
      await guards.refresh()
      await recoverOrders(recovery, accountName)
      // Whoever had the account may have been on its way down a ladder: the same one is followed.
      if (guards.of({ kind: 'account', accountName }).halt.kind === 'halting') descend({ kind: 'account', accountName })
      background('looking for orders that ended', rememberEnded(recovery, accountName))
      background('opening a stored account', warm(accountName))
    },
    drained: (accountName) => drained(context, accountName),
    abandon: async (accountName) => {
      await venues.release(accountName)
      context.streams.forgetOf(accountName)
    },
    becameKeeper: () => {
      const resume = async (): Promise<void> => {
        await guards.refresh()
        if (guards.of({ kind: 'portfolio' }).halt.kind === 'halting') descend({ kind: 'portfolio' })
      }
      background('following the halt of all accounts', resume())
    },
    giveUp: kit.giveUp,
    now: instant,
    background,
    logger,
  })
  const logs = ownLogs(log, leases)

  const followers = new Map<string, Follower>()
  const reconciliation = openReconciliation({
    log: logs.byAccount,
    pool,
    metrics: kit.metrics,
    policy: {
      everyMs: config.RECONCILE_EVERY_MS,
      guardMs: config.RECONCILE_GUARD_MS,
      busyMs: config.ORDER_MISSING_FILLS_MS,
      rollMs: BALANCES_BASIS_MS,
    },
    projections: [projection, funding, driftsTables],
    context: () => context,
    announced: (drift) => logger.warn(drift, 'the log and the venue differ'),
  })
  const fundingFollowers = new Map<string, AbortController>()
  const followerKey = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  const venues = accountVenues({
    files,
    venues: exchange,
    report,
    mayOpen: (accountName) => void leases.fence(accountName),
    clearance: leases.clearance,
    opened: (accountName, venue) => {
      const key = followerKey(accountName, venue.connectorName)
      followers.set(key, followVenue(context, settle, defaultFollowPolicy, accountName, venue))
      reconciliation.opened(accountName, venue)
      if (!isPerpetual(venue.connectorName)) return
      const stop = new AbortController()
      fundingFollowers.set(key, stop)
      background(
        `funding payments of ${venue.connectorName}`,
        followFunding({ log: logs.of(accountName), now, report }, accountName, venue, stop.signal),
      )
    },
    released: async (accountName, connectorName) => {
      const key = followerKey(accountName, connectorName)
      const follower = followers.get(key)
      followers.delete(key)
      fundingFollowers.get(key)?.abort()
      fundingFollowers.delete(key)
      await follower?.stop()
      await reconciliation.released(accountName, connectorName)
    },
  })
  const balances = createBalances({ files, venues, now, background })
  const credentials = credentialStore({
    files,
    venues,
    exchange,
    history: accountLog(logs.ofAccounts, now),
    balancesMoved: balances.moved,
    report,
    warn: (text) => logger.warn(text),
  })
  const rules = createTradingRules({ call: kit.call, now, background })
  const markets = createMarketSnapshots({ nats: kit.nats, call: kit.call, now, background })
  kit.onShutdown(() => markets.close())

  const context: OrdersContext = {
    streams: tellFills(createOrderStreams(log, now, logs.of), (intent, fill) => losses.filled(intent, fill)),
    venues,
    drifts: reconciliation.watch,
    underway: new Set(),
    now,
    silentFrom: (accountName) => {
      const since = leases.soleSince(accountName)
      return since === 0 ? 0 : since + Math.min(REQUEST_VALID_MS, config.ORDER_ABSENT_GRACE_MS)
    },
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
    log: logs.ofGuards,
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
  const accounts = files.accounts
  const replicas = overReplicas({ leases, guards, accounts, silentFrom: context.silentFrom, now })
  const place = placeOrder({ ...placing, guards: replicas.admitting })
  const cancel = cancelOrder({ ...context, background })

  const recovery = {
    ...context,
    pool,
    projection,
    patienceMs: RECOVERY_MS,
    settleAll: async (accountName: string, connectorName: string): Promise<void> => {
      await venues.access(accountName, connectorName)
      await followers.get(followerKey(accountName, connectorName))?.recover()
    },
  }
  const positions = createPositions({ files, venues, report })
  const asking = { leases, files, connectors: files.connectors, edgeToken: config.EDGE_TOKEN, now, report }
  const allPositions = positionsOfAll(asking, positions)
  const ladder = {
    guards: {
      ...guards,
      halted: async (...end: Parameters<typeof guards.halted>) => {
        await replicas.silence(end[0])
        await guards.halted(...end)
      },
    },
    positions,
    live: context.streams.live,
    cancel,
    place: placeOrder({ ...placing, guards: unguarded }),
    report,
  }
  const goDown = async (scope: GuardScope): Promise<void> => {
    if ((await replicas.gathered(scope, stopping.signal)) === 'gathered') await runLadder(ladder, scope)
  }
  const descend = (scope: GuardScope): void => background('going down the ladder of a halt', goDown(scope))
  const losses = watchLosses({
    guards: { ...guards, all: () => guards.all().filter(({ scope }) => replicas.decides(scope)) },
    everyMs: config.EQUITY_LOOK_MS,
    readHoldings: readHoldings({ files, venues, balances, call: kit.call, now }),
    descend,
    now,
    report,
  })
  measureLosses(kit.metrics, losses, now)
  const webhooks = await openWebhooks(kit)

  const stopping = new AbortController()
  let ownAddress = ''
  let watching: Promise<void> | undefined
  kit.onShutdown(async () => {
    stopping.abort()
    await watching
    balances.stop()
    await venues.close()
    await exchange.close()
    await leases.leave()
  })

  const upToDate = {
    stored: context.streams.stored,
    projected: () => projection.catchUp(CATCH_UP_MS),
  }

  /** Opens what is stored, so that the first order pays for no decryption, no markets and no rules. */
  const warm = async (accountName: string): Promise<void> => {
    for (const connectorName of await files.connectors(accountName)) {
      if (stopping.signal.aborted || !leases.holds(accountName)) return
      await Promise.all([venues.access(accountName, connectorName), rules.of(connectorName)])
    }
    await balances.read({ accountNames: [accountName], connectorNames: null, refresh: false })
  }

  const accountOfOrder = async (clientOrderId: string): Promise<string | undefined> => {
    const [first] = await log.read(orderStream(clientOrderId))
    const placed = first === undefined ? undefined : orderEventOf(first)
    return placed?.type === 'OrderSubmitted' ? placed.data.accountName : undefined
  }

  const followGuards = async (): Promise<void> => {
    const end = await log.end()
    await guards.refresh()
    const filter = { categories: [categoryOf(guardsStream)] }
    const changed = async ({ events }: Page): Promise<void> => {
      if (events.length === 0) return
      await guards.refresh()
      leases.rethink()
    }
    await log.subscribe(end, filter, changed, stopping.signal)
  }

  return {
    controllers: [
      OrdersController,
      OrdersRpcController,
      PositionsController,
      FundingController,
      ReconciliationController,
      GuardsController,
      WebhooksController,
      AccountsController,
      AccountsRpcController,
      ReplicaController,
      AuditController,
    ],
    providers: [
      { provide: APP_INTERCEPTOR, useValue: new RouteToOwner({ leases, accountOfOrder }) },
      { provide: REPLICA, useValue: { positions, balances } },
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
      {
        provide: ORDERS_RPC,
        useValue: {
          post: postOrder({ address: () => ownAddress, edgeToken: config.EDGE_TOKEN, context: kit.context }),
          read: readOrder(log),
          guards: guards.all,
        },
      },
      { provide: POSITIONS, useValue: { positions: allPositions, venues, asOf: positionsAsOf(pool, log, upToDate) } },
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
      {
        provide: RECONCILIATION,
        useValue: {
          drifts: reconciliation.drifts,
          reconcile: reconciliation.reconcile,
          accountExists: files.exists,
          connectors: files.connectors,
        },
      },
      { provide: WEBHOOKS, useValue: webhooks },
      { provide: FUNDING, useValue: fundingQueries(pool, () => funding.catchUp(CATCH_UP_MS)) },
      { provide: ACCOUNTS, useValue: { files, credentials, cause: () => causeOf(kit) } },
      { provide: ACCOUNTS_RPC, useValue: { files, balances: balancesOfAll(asking, balances) } },
    ],
    projections: [projection, driftsTables, funding, audit],
    handOver: leases.handOver,
    recover: async ({ url }) => {
      ownAddress = url
      background('following the guards', followGuards())
      await leases.join(url)
      const orphans = adoptOrphans(recovery, leases.ready, ORPHANS_EVERY_MS, stopping.signal)
      background('looking for orders without an owner', orphans)
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
