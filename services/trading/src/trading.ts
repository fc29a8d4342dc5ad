import { hostname } from 'node:os'
import { join } from 'node:path'
import { connectorOf, openVenues } from '@colibri/exchange'
import type { ServiceKit, Started } from '@colibri/service-kit'
import { venueBudgets } from '@colibri/venue-budget'
import { accountFiles } from './accounts/account-files.ts'
import { accountLog } from './accounts/account-log.ts'
import { createBalances } from './accounts/balances.ts'
import { checkPassword } from './accounts/check-password.ts'
import { credentialStore } from './accounts/credentials.ts'
import { followedVenues } from './accounts/followed-venues.ts'
import { secretBox } from './accounts/key-file.ts'
import { prepareMasterAccount } from './accounts/master-account.ts'
import { warmAccount } from './accounts/warm-account.ts'
import { auditQueries } from './audit/audit.queries.ts'
import type { TradingConfig } from './config.ts'
import { controllersOn } from './controllers.ts'
import { fundingQueries } from './funding/funding.queries.ts'
import { descentOf } from './guards/descend.ts'
import { followGuards } from './guards/follow-guards.ts'
import { openGuards, unguarded } from './guards/guards.ts'
import { measureLosses } from './guards/loss-metrics.ts'
import { readHoldings } from './guards/read-holdings.ts'
import { tellFills } from './guards/tell-fills.ts'
import { watchLosses } from './guards/watch-losses.ts'
import { adoptAccount } from './leases/adopt-account.ts'
import { balancesOfAll, positionsOfAll } from './leases/ask-owners.ts'
import { openAccountLeases } from './leases/open-account-leases.ts'
import { overReplicas } from './leases/over-replicas.ts'
import { ownLogs } from './leases/own-logs.ts'
import { silentFrom } from './leases/silent-from.ts'
import { cancelOrder } from './orders/cancel-order.ts'
import { clientOrderIds, type IdSubject } from './orders/client-order-id.ts'
import { defaultFollowPolicy, followVenue } from './orders/follow-venue.ts'
import { createMarketSnapshots } from './orders/market-snapshots.ts'
import { createOrderStreams } from './orders/order-streams.ts'
import { ordersQueries } from './orders/orders.queries.ts'
import type { OrdersContext } from './orders/orders-context.ts'
import { placeOrder } from './orders/place-order.ts'
import { postOrder } from './orders/post-order.ts'
import { readOrder } from './orders/read-order.ts'
import { adoptOrphans, drained } from './orders/recover-orders.ts'
import { defaultSettlePolicy, settleOrders } from './orders/settle-orders.ts'
import { createPositions } from './positions/positions.ts'
import { positionsAsOf } from './positions/positions-as-of.ts'
import { startProjections } from './projections.ts'
import { openReconciliation } from './reconciliation/open-reconciliation.ts'
import { requestCause } from './request-cause.ts'
import { createTradingRules } from './rules/trading-rules.ts'
import { simulatorKey, simulatorUrls } from './simulator.ts'
import { openWebhooks } from './webhooks/open-webhooks.ts'

const REPLY_MS = 5_000
const CATCH_UP_MS = 5_000
const RECOVERY_MS = 3_000
const ORPHANS_EVERY_MS = 5_000
/** Balances are counted anew from what the venue says, when it agrees, this often. */
const BALANCES_BASIS_MS = 3_600_000

/** The service put together: accounts and their venues, orders, and what keeps the two agreeing. */
export const startTrading = async (kit: ServiceKit<TradingConfig>): Promise<Started> => {
  const { config, log, pool, logger, background, failpoint } = kit
  const now = Date.now
  const cause = requestCause(kit)
  const stopping = new AbortController()
  const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)

  const box = secretBox(config.CONFIG_PASSWORD)
  const files = accountFiles(config.COLIBRI_HOME, box)
  const prepared = prepareMasterAccount(files, simulatorKey(config))
  background(
    'checking the password',
    prepared.then(() => checkPassword(files, logger)),
  )
  const [projections] = await Promise.all([startProjections(kit), prepared])

  const exchange = openVenues({
    venuesFile: join(config.COLIBRI_HOME, 'venues.yml'),
    urls: simulatorUrls(config),
    logger,
    budgets: await venueBudgets(kit, config.OUTGOING_ADDRESS),
  })
  const leases = await openAccountLeases(kit, {
    accounts: files.accounts,
    exists: files.exists,
    together: () => replicas.together(),
    adopt: (accountName) => adopt(accountName),
    drained: (accountName) => drained(context, accountName),
    abandon: async (accountName) => {
      await venues.release(accountName)
      context.streams.forgetOf(accountName)
    },
    becameKeeper: () => {
      const resumed = guards.refresh().then(() => descent.resume({ kind: 'portfolio' }))
      background('following the halt of all accounts', resumed)
    },
    report,
  })
  const logs = ownLogs(log, leases)

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
    projections: [projections.orders, projections.funding, projections.drifts],
    context: () => context,
    announced: (drift) => logger.warn(drift, 'the log and the venue differ'),
  })
  const { venues, followers } = followedVenues({
    files,
    venues: exchange,
    mayOpen: (accountName) => void leases.fence(accountName),
    clearance: leases.clearance,
    follow: (accountName, venue) => followVenue(context, settle, defaultFollowPolicy, accountName, venue),
    reconciliation,
    logOf: logs.of,
    now,
    report,
    background,
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
    silentFrom: silentFrom(leases, config.ORDER_ABSENT_GRACE_MS),
    valueIn: (connectorName, token, quote) => rules.price(connectorName, `${token}-${quote}`),
    attend: followers.attend,
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
    projection: projections.orders,
    patienceMs: RECOVERY_MS,
    settleAll: followers.recover,
  }
  const positions = createPositions({ files, venues, report })
  const asking = { leases, files, connectors: files.connectors, edgeToken: config.EDGE_TOKEN, now, report }
  const descent = descentOf({
    guards,
    positions,
    live: context.streams.live,
    cancel,
    place: placeOrder({ ...placing, guards: unguarded }),
    report,
    replicas,
    background,
    signal: stopping.signal,
  })
  const losses = watchLosses({
    guards: { ...guards, all: () => guards.all().filter(({ scope }) => replicas.decides(scope)) },
    everyMs: config.EQUITY_LOOK_MS,
    readHoldings: readHoldings({ files, venues, balances, call: kit.call, now }),
    descend: descent.descend,
    now,
    report,
  })
  measureLosses(kit.metrics, losses, now)
  const webhooks = await openWebhooks(kit, box)

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
    projected: () => projections.orders.catchUp(CATCH_UP_MS),
  }

  const warm = warmAccount({
    files,
    venues,
    rules,
    balances,
    isOver: (accountName) => stopping.signal.aborted || !leases.holds(accountName),
  })
  const adopt = adoptAccount({ recovery, guards, descent, warm, background })
  const read = readOrder(log)

  return {
    ...controllersOn({
      routing: { leases, accountOfOrder: async (id) => (await read(id))?.intent.accountName },
      replica: { positions, balances },
      orders: { place, cancel, accountExists: files.exists, cause, queries: ordersQueries(pool, log, upToDate) },
      ordersRpc: {
        post: postOrder({ address: () => ownAddress, edgeToken: config.EDGE_TOKEN, context: kit.context }),
        read,
        guards: guards.all,
      },
      positions: { positions: positionsOfAll(asking, positions), venues, asOf: positionsAsOf(pool, log, upToDate) },
      funding: fundingQueries(pool, () => projections.funding.catchUp(CATCH_UP_MS)),
      reconciliation: { ...reconciliation, accountExists: files.exists, connectors: files.connectors },
      guards: { guards, accountExists: files.exists, cause, descend: descent.descend, sight: losses.sight },
      webhooks,
      accounts: { files, credentials, cause },
      accountsRpc: { files, balances: balancesOfAll(asking, balances) },
      audit: auditQueries(pool, log, async () => {
        await upToDate.stored()
        await projections.audit.catchUp(CATCH_UP_MS)
      }),
    }),
    projections: Object.values(projections),
    handOver: leases.handOver,
    recover: async ({ url }) => {
      ownAddress = url
      background('following the guards', followGuards(log, guards, leases.rethink, stopping.signal))
      await leases.join(url)
      const orphans = adoptOrphans(recovery, leases.ready, ORPHANS_EVERY_MS, stopping.signal)
      background('looking for orders without an owner', orphans)
      watching = losses.run(stopping.signal)
      background('watching losses', watching)
    },
  }
}
