import { Decimal } from 'decimal.js'
import pg from 'pg'
import type { Acknowledged } from './load.ts'

/** What the exchange says it received: the oracle. */
export interface Ledger {
  /** Create requests that reached the exchange, refused ones and repeats included. */
  readonly requests: readonly { readonly clientOrderId: string; readonly count: number }[]
  /** Those it accepted. */
  readonly orders: readonly { readonly clientOrderId: string; readonly executed: string }[]
}

export interface Disagreements {
  readonly acknowledgedButNotInLog: readonly string[]
  readonly acknowledgedButNotInReadModel: readonly string[]
  readonly sentTwice: readonly string[]
  readonly atVenueButNotInLog: readonly string[]
  readonly unresolved: readonly string[]
  /** Declared refused, and yet the exchange took them. */
  readonly rejectedButAtVenue: readonly string[]
  readonly differentAmounts: readonly string[]
  readonly streamsWithGaps: readonly string[]
}

export interface Agreement {
  readonly intents: number
  readonly events: number
  readonly disagreements: Disagreements
}

/** Compares the exchange's ledger, the event log and the read models, order by order. Every list must be empty. */
export const compareAll = async (
  databaseUrl: string,
  ledger: Ledger,
  acknowledged: readonly Acknowledged[],
): Promise<Agreement> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const events = await client.query<{ stream_id: string; version: string; type: string; data: { amount?: string } }>(
      `select stream_id, version, type, data from log.events where stream_id like 'order-%' order by stream_id, version`,
    )
    const rows = await client.query<{ client_order_id: string; status: string; filled_amount: string }>(
      'select client_order_id, status, filled_amount from trading.orders',
    )
    const logged = new Map<string, { types: string[]; filled: Decimal; contiguous: boolean }>()
    for (const event of events.rows) {
      const id = event.stream_id.slice('order-'.length)
      const order = logged.get(id) ?? { types: [], filled: new Decimal(0), contiguous: true }
      if (Number(event.version) !== order.types.length) order.contiguous = false
      order.types.push(event.type)
      if (event.type === 'OrderFilled') order.filled = order.filled.plus(event.data.amount ?? 'NaN')
      logged.set(id, order)
    }
    const read = new Map(rows.rows.map((row) => [row.client_order_id, row]))
    const venue = new Map(ledger.orders.map((order) => [order.clientOrderId, order]))
    const definite = ['OrderAccepted', 'OrderRejected']
    return {
      intents: logged.size,
      events: events.rows.length,
      disagreements: {
        acknowledgedButNotInLog: acknowledged.map((one) => one.clientOrderId).filter((id) => !logged.has(id)),
        acknowledgedButNotInReadModel: acknowledged.map((one) => one.clientOrderId).filter((id) => !read.has(id)),
        sentTwice: ledger.requests.filter((request) => request.count > 1).map((request) => request.clientOrderId),
        atVenueButNotInLog: [...venue.keys()].filter((id) => !logged.has(id)),
        unresolved: [...logged]
          .filter(([, order]) => !order.types.some((type) => definite.includes(type)))
          .map(([id]) => id),
        rejectedButAtVenue: [...logged]
          .filter(([id, order]) => order.types.includes('OrderRejected') && venue.has(id))
          .map(([id]) => id),
        differentAmounts: [...logged]
          .filter(([id, order]) => {
            const atVenue = new Decimal(venue.get(id)?.executed ?? 0)
            return !order.filled.eq(atVenue) || !order.filled.eq(read.get(id)?.filled_amount ?? 'NaN')
          })
          .map(([id]) => id),
        streamsWithGaps: [...logged].filter(([, order]) => !order.contiguous).map(([id]) => id),
      },
    }
  } finally {
    await client.end()
  }
}

/** Throws with every disagreement by name, and the first orders of each. */
export const mustAgree = (agreement: Agreement): void => {
  const found = Object.entries<readonly string[]>({ ...agreement.disagreements })
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => `${name}: ${ids.length} (${ids.slice(0, 5).join(', ')})`)
  if (found.length > 0) throw new Error(`exchange, log and read models disagree: ${found.join('; ')}`)
}

export const disagreementCount = ({ disagreements }: Agreement): number =>
  Object.values(disagreements).reduce((sum, list: readonly string[]) => sum + list.length, 0)
