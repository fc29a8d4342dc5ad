import { setTimeout as sleep } from 'node:timers/promises'
import { ProjectionTimeout, type RunningProjection } from '@colibri/event-log'
import type { Pool } from 'pg'
import { LATE_FILLS_MS } from './late-fills.ts'
import type { LiveOrder } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'

export interface RecoverOrdersDeps extends OrdersContext {
  readonly pool: Pool
  readonly projection: RunningProjection
  /** Compares all unfinished orders of the account with its venue once; rejects when the venue cannot be asked. */
  settleAll(accountName: string, connectorName: string): Promise<void>
  /** How long venues may hold up the start. */
  readonly patienceMs: number
}

const ACTIVE = `select client_order_id, account_name, connector_name from trading.orders
  where account_name = $1 and status in ('SUBMITTED', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL')`

/** Orders that ended so recently that a fill may still be found, the newest first. */
const ENDED = `select client_order_id from trading.orders
  where account_name = $1 and status in ('CANCELLED', 'FAILED') and updated_at >= $2
  order by updated_at desc limit 1000`

/** Intents older than this that nobody here holds were left by a process that ended, or by an append of unknown fate. */
const ORPHANED = `select client_order_id, account_name from trading.orders
  where status in ('SUBMITTED', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL') and created_at < $1 order by created_at limit 1000`

const LOADS_AT_ONCE = 16
const CATCH_UP_MS = 5_000

/** Takes an order without an owner in: what was sent of it, if anything, is not known and will be asked. */
const adopt = async (deps: OrdersContext, clientOrderId: string): Promise<void> => {
  const live = await deps.streams.load(clientOrderId)
  if (live === undefined || deps.underway.has(clientOrderId)) return
  const { accountName, connectorName } = live.order.intent
  if (live.order.outcome === 'pending') {
    const reason = 'the service stopped before the outcome was known'
    await deps.streams.handle(clientOrderId, { kind: 'lose-outcome', reason }, { actor: 'service:trading' })
  }
  deps.attend(accountName, connectorName, [clientOrderId])
}

const inTurns = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: LOADS_AT_ONCE }, worker))
}

const adoptAll = (deps: OrdersContext, ids: readonly string[]): Promise<void> => inTurns(ids, (id) => adopt(deps, id))

/** Everything that was stored before this call is in the rows: another process may have stored it a moment ago. */
const catchUp = async (projection: RunningProjection): Promise<void> => {
  for (;;) {
    try {
      return await projection.catchUp(CATCH_UP_MS)
    } catch (error) {
      if (!(error instanceof ProjectionTimeout)) throw error
    }
  }
}

/**
 * Before anything is done for an account: every order of it that is not finished is loaded and compared with its venue once.
 * A venue that does not answer in time keeps its orders unresolved; they are asked for until it does.
 */
export const recoverOrders = async (deps: RecoverOrdersDeps, recovered: string): Promise<void> => {
  await catchUp(deps.projection)
  const { rows } = await deps.pool.query<{ client_order_id: string; account_name: string; connector_name: string }>(
    ACTIVE,
    [recovered],
  )
  await adoptAll(
    deps,
    rows.map((row) => row.client_order_id),
  )
  const venues = new Map(rows.map((row) => [`${row.account_name}\n${row.connector_name}`, row]))
  const patience = AbortSignal.timeout(deps.patienceMs)
  const expired = new Promise<void>((resolve) => patience.addEventListener('abort', () => resolve(), { once: true }))
  const settled = [...venues.values()].map(({ account_name: accountName, connector_name: connectorName }) =>
    deps
      .settleAll(accountName, connectorName)
      .catch((error: unknown) => deps.report(error, `recovering the orders of ${accountName} on ${connectorName}`)),
  )
  await Promise.race([Promise.all(settled), expired])
}

/** Loads what ended just before the process did that had the account, for its late fills; they hold up nothing. */
export const rememberEnded = async (deps: RecoverOrdersDeps, accountName: string): Promise<void> => {
  const since = new Date(deps.now() - LATE_FILLS_MS)
  const { rows } = await deps.pool.query<{ client_order_id: string }>(ENDED, [accountName, since])
  await inTurns(rows, ({ client_order_id: id }) => deps.streams.load(id))
}

/** Looks for orders of this process' accounts that nobody here holds, until the signal aborts. */
export const adoptOrphans = async (
  deps: RecoverOrdersDeps,
  isOwn: (accountName: string) => boolean,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const { rows } = await deps.pool.query<{ client_order_id: string; account_name: string }>(ORPHANED, [
        new Date(deps.now() - 2 * everyMs),
      ])
      const held = new Set(deps.streams.live().map(({ order }) => order.intent.clientOrderId))
      await adoptAll(
        deps,
        rows
          .filter((row) => isOwn(row.account_name) && !held.has(row.client_order_id))
          .map((row) => row.client_order_id),
      )
    } catch (error) {
      deps.report(error, 'looking for orders without an owner')
    }
  }
}

const DRAIN_MS = 15_000
const LOOK_EVERY_MS = 20

/** Resolves when no create request of the account is under way and everything that came of them is stored, or after a while. */
export const drained = async (deps: OrdersContext, accountName: string): Promise<void> => {
  const isOwn = ({ order: { intent } }: LiveOrder): boolean =>
    intent.accountName === accountName && deps.underway.has(intent.clientOrderId)
  const deadline = deps.now() + DRAIN_MS
  while (deps.streams.live().some(isOwn) && deps.now() < deadline) await sleep(LOOK_EVERY_MS)
  await deps.streams.stored()
}
