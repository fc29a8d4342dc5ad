import { type Expression, type Kysely, type SqlBool, sql } from 'kysely'
import type { OrdersTables } from './orders.tables.ts'

const DAY_MS = 86_400_000

/** Which orders are counted: conditions on account, connector, pair and status of `o`, and when they were created. */
export interface CountedOrders {
  readonly kind: Expression<SqlBool>
  readonly from: Date | undefined
  readonly to: Date | undefined
}

const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** How many there are: whole days as they have been counted, and the orders themselves at both ends of the time. */
export const countOrders = async (db: Kysely<OrdersTables>, { kind, from, to }: CountedOrders): Promise<string> => {
  const between = (start: Date, end: Date) =>
    db
      .selectFrom('trading.orders as o')
      .select(({ fn }) => fn.countAll().as('count'))
      .where(kind)
      .where('o.created_at', '>=', start)
      .where('o.created_at', '<=', end)
  const first = from === undefined ? undefined : Math.ceil(from.getTime() / DAY_MS)
  const end = to === undefined ? undefined : Math.floor((to.getTime() + 1) / DAY_MS)

  if (from !== undefined && to !== undefined && first !== undefined && end !== undefined && first >= end) {
    const { count } = await between(from, to).executeTakeFirstOrThrow()
    return String(count)
  }
  let days = db
    .selectFrom('trading.order_counts as o')
    .select(sql<string>`coalesce(sum(o.orders), 0)`.as('count'))
    .where(kind)
  if (first !== undefined) days = days.where(sql<SqlBool>`o.day >= ${dayText(first)}::date`)
  if (end !== undefined) days = days.where(sql<SqlBool>`o.day < ${dayText(end)}::date`)
  const parts = [sql`(${days})`]
  if (from !== undefined && first !== undefined) parts.push(sql`(${between(from, new Date(first * DAY_MS - 1))})`)
  if (to !== undefined && end !== undefined) parts.push(sql`(${between(new Date(end * DAY_MS), to)})`)
  const { rows } = await sql<{ count: string }>`select ${sql.join(parts, sql` + `)} as count`.execute(db)
  return rows[0]?.count ?? '0'
}
