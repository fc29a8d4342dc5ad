import { orderStream } from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import { unavailable } from '@colibri/service-kit'
import type { Pool } from 'pg'
import { foldOrder } from './orders.projection.ts'
import type { OrdersTable } from './orders.tables.ts'

/** What was known of the orders at a moment, where that is not what the tables say now. */
export interface OrdersAsOf {
  /** Orders that were there and have changed since, as they were. */
  readonly changed: ReadonlyMap<string, OrdersTable>
  /** Orders the tables date back to before the moment, by their venue's clock, that were not known yet. */
  readonly unknown: readonly string[]
  /** `trade_id` of the fills of `changed` that were known. */
  readonly tradeIds: readonly string[]
}

/** Streams that are read at once. */
const READERS = 8

/** How often a list is made again because an order changed while it was read. */
const ATTEMPTS = 20

/** Orders that were there at the moment and have changed since: they become more, never fewer. */
const changedSince = async (pool: Pool, time: number): Promise<string[]> => {
  const { rows } = await pool.query<{ id: string }>(
    'select client_order_id as id from trading.orders where created_at <= $1 and updated_at > $1',
    [new Date(time)],
  )
  return rows.map(({ id }) => id)
}

/**
 * An order that nothing has happened to since the moment is in the tables as it was. The others, those that were open then
 * or got a late fill, are made again from their events up to it.
 */
const fold = async (log: EventLog, time: number, ids: readonly string[]): Promise<OrdersAsOf> => {
  const changed = new Map<string, OrdersTable>()
  const unknown: string[] = []
  const tradeIds: string[] = []
  const pending = [...ids]
  const work = async (): Promise<void> => {
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      const events = await log.read(orderStream(id))
      const later = events.findIndex(({ metadata }) => metadata.time > time)
      const then = foldOrder(later < 0 ? events : events.slice(0, later))
      if (then === undefined) {
        unknown.push(id)
      } else {
        changed.set(id, then.row)
        tradeIds.push(...then.tradeIds)
      }
    }
  }
  await Promise.all(Array.from({ length: READERS }, work))
  return { changed, unknown, tradeIds }
}

/**
 * What `ask` finds in the tables, told what differs from them. An order that changes between the two would be in neither:
 * then both are made again. Throws 503 when that never ends.
 */
export const inMoment = async <T>(
  pool: Pool,
  log: EventLog,
  time: number,
  ask: (orders: OrdersAsOf) => Promise<T>,
): Promise<T> => {
  let ids = await changedSince(pool, time)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const found = await ask(await fold(log, time, ids))
    const now = await changedSince(pool, time)
    if (now.length === ids.length) return found
    ids = now
  }
  throw unavailable('The orders of that moment change faster than they can be listed. Please try again in a moment.')
}
