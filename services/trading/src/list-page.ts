import type { SelectQueryBuilder } from 'kysely'

/** Clients send milliseconds or, below 10^11, seconds. */
export const instant = (time: number): Date | undefined => {
  const date = new Date(Math.abs(time) < 1e11 ? time * 1000 : time)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** As Python writes a moment in UTC: microseconds, left out when they are zero. */
export const isoText = (date: Date): string => {
  const text = date.toISOString()
  const seconds = text.slice(0, 19)
  const milliseconds = text.slice(20, 23)
  return milliseconds === '000' ? `${seconds}+00:00` : `${seconds}.${milliseconds}000+00:00`
}

export interface Listing<DB, Tables extends keyof DB, Row, Item> {
  /** How many rows the whole list has. */
  readonly total: { executeTakeFirstOrThrow(): Promise<{ count: string }> }
  /** The rows after the cursor, in order. */
  readonly rows: SelectQueryBuilder<DB, Tables, Row>
  readonly limit: number
  itemOf(row: NoInfer<Row>): Item
  cursorOf(item: Item): string
}

/** One row more than the limit is read: it tells whether there is a next page. */
export const page = async <DB, Tables extends keyof DB, Row, Item>(listing: Listing<DB, Tables, Row, Item>) => {
  const { limit } = listing
  const [rows, { count }] = await Promise.all([
    listing.rows.limit(limit + 1).execute(),
    listing.total.executeTakeFirstOrThrow(),
  ])
  const data = rows.slice(0, limit).map((row) => listing.itemOf(row))
  const last = data.at(-1)
  const hasMore = rows.length > limit
  return {
    data,
    pagination: {
      limit,
      has_more: hasMore,
      next_cursor: hasMore && last !== undefined ? listing.cursorOf(last) : null,
      total_count: Number(count),
    },
  }
}
