import type { PoolClient } from 'pg'
import type { OrdersTable } from './orders.tables.ts'

/** What orders are counted by. */
export type Counted = Pick<OrdersTable, 'account_name' | 'connector_name' | 'trading_pair' | 'status'> & {
  readonly created_at: string
}

/**
 * How many orders of each kind were created on each day, in UTC. A list says how many orders it has in all, and counting
 * a million rows takes longer than showing a page of them. Where orders are older than this table, it begins with them.
 */
export const ORDER_COUNTS = `
do $$ begin
  if to_regclass('order_counts') is null then
    create table order_counts (
      account_name text not null,
      connector_name text not null,
      trading_pair text not null,
      status text not null,
      day date not null,
      orders bigint not null,
      primary key (account_name, connector_name, trading_pair, status, day)
    );
    insert into order_counts
      select account_name, connector_name, trading_pair, status, (created_at at time zone 'UTC')::date, count(*)
      from orders group by 1, 2, 3, 4, 5;
  end if;
end $$;
`

/** What comes to nothing goes: the table is what counting the orders anew would make. */
const MOVE = `merge into order_counts c using jsonb_populate_recordset(null::order_counts, $1::jsonb) d
  on (c.account_name, c.connector_name, c.trading_pair, c.status, c.day)
    = (d.account_name, d.connector_name, d.trading_pair, d.status, d.day)
  when matched and c.orders + d.orders = 0 then delete
  when matched then update set orders = c.orders + d.orders
  when not matched then insert values (d.account_name, d.connector_name, d.trading_pair, d.status, d.day, d.orders)`

export interface CountMoves {
  /** The order is of another kind now; undefined before it was. */
  moved(before: Counted | undefined, after: Counted): void
  store(client: PoolClient): Promise<void>
}

const dayOf = (time: string): string => new Date(time).toISOString().slice(0, 10)

/** Collects what the events of one batch do to the counts. */
export const countMoves = (): CountMoves => {
  const moves = new Map<string, number>()
  const add = ({ account_name, connector_name, trading_pair, status, created_at }: Counted, by: number): void => {
    const key = JSON.stringify([account_name, connector_name, trading_pair, status, dayOf(created_at)])
    moves.set(key, (moves.get(key) ?? 0) + by)
  }
  return {
    moved: (before, after) => {
      if (before?.status === after.status) return
      if (before !== undefined) add(before, -1)
      add(after, 1)
    },
    store: async (client) => {
      const rows = [...moves].flatMap(([key, orders]) => {
        const [account_name, connector_name, trading_pair, status, day] = JSON.parse(key) as string[]
        return orders === 0 ? [] : [{ account_name, connector_name, trading_pair, status, day, orders }]
      })
      if (rows.length === 0) return
      await client.query({ name: 'orders-projection-counts', text: MOVE, values: [JSON.stringify(rows)] })
    },
  }
}
