import type { DriftRow, DriftsPage, DriftsRequest } from '@colibri/contracts'
import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import { isoText, page } from '../list-page.ts'
import type { DriftsTable } from './drifts.projection.ts'

const rowOf = (row: DriftsTable): DriftRow => ({
  drift_id: row.drift_id,
  account_name: row.account_name,
  connector_name: row.connector_name,
  kind: row.kind,
  subject: row.subject,
  trading_pair: row.trading_pair,
  ours: row.ours,
  venue: row.venue,
  difference: row.difference,
  repair: row.repair,
  detected_at: isoText(row.detected_at),
})

/** Drifts, newest first. `current` resolves when the table shows everything that was announced before. */
export const driftsQueries = (pool: Pool, current: () => Promise<void>) => {
  const db = new Kysely<{ 'trading.drifts': DriftsTable }>({ dialect: new PostgresDialect({ pool }) })

  return async (request: DriftsRequest): Promise<DriftsPage> => {
    await current()
    const { account_name: account, connector_name: connector, kind, cursor } = request
    let all = db.selectFrom('trading.drifts as d')
    if (account !== null) all = all.where('d.account_name', '=', account)
    if (connector !== null) all = all.where('d.connector_name', '=', connector)
    if (kind !== null) all = all.where('d.kind', '=', kind)
    // Another text than a cursor of ours pages from the start, as everywhere.
    const after = /^\d{1,9}$/.test(cursor ?? '') ? all.where('d.id', '<', Number(cursor)) : all
    const listed = new Map<string, number>()
    return page({
      total: all.select((where) => where.fn.countAll<string>().as('count')),
      rows: after.selectAll('d').orderBy('d.id', 'desc'),
      limit: request.limit,
      itemOf: (row) => {
        listed.set(row.drift_id, row.id)
        return rowOf(row)
      },
      cursorOf: ({ drift_id: id }) => String(listed.get(id)),
    })
  }
}
