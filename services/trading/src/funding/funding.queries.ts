import type { FundingPaymentRow, FundingPaymentsPage, FundingPaymentsRequest } from '@colibri/contracts'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Pool } from 'pg'
import { instant, isoText, page } from '../list-page.ts'
import type { FundingPaymentsTable } from './funding.projection.ts'

const rowOf = (row: FundingPaymentsTable): FundingPaymentRow => ({
  id: row.id,
  funding_payment_id: row.funding_payment_id,
  timestamp: isoText(row.timestamp),
  account_name: row.account_name,
  connector_name: row.connector_name,
  trading_pair: row.trading_pair,
  funding_rate: Number(row.funding_rate ?? 0),
  funding_payment: Number(row.funding_payment),
  fee_currency: row.fee_currency,
  position_size: row.position_size === null ? null : Number(row.position_size),
  position_side: row.position_size === null ? null : row.position_size.startsWith('-') ? 'SHORT' : 'LONG',
  exchange_funding_id: row.exchange_funding_id,
})

/** The contract's cursor and the row's id: a long and a short position of one pair pay at the same moment. */
const cursorOf = (row: FundingPaymentRow): string =>
  `${row.account_name}:${row.connector_name}:${row.timestamp}:${row.trading_pair}:${row.id}`

/** Undefined for a text that is no cursor, which pages from the start as the contract does. */
const parsedCursor = (cursor: string | null) => {
  const match = /^([^:]+):([^:]+):(\d{4}-\d\d-\d\dT[\d:.]+\+00:00):(.+):(\d{1,9})$/.exec(cursor ?? '')
  const [, account = '', connector = '', time = '', pair = '', id = ''] = match ?? []
  return Number.isNaN(Date.parse(time)) ? undefined : { account, connector, time, pair, id: Number(id) }
}

/** Payments, newest first. `current` resolves when the table shows everything that was recorded before. */
export const fundingQueries = (pool: Pool, current: () => Promise<void>) => {
  const db = new Kysely<{ 'trading.funding_payments': FundingPaymentsTable }>({
    dialect: new PostgresDialect({ pool }),
  })

  return async (request: FundingPaymentsRequest): Promise<FundingPaymentsPage> => {
    await current()
    const { account_names: accounts, connector_names: connectors, trading_pair: pair } = request
    const from = request.start_time === null ? undefined : instant(request.start_time)
    const to = request.end_time === null ? undefined : instant(request.end_time)
    let all = db.selectFrom('trading.funding_payments as f')
    if (accounts !== null && accounts.length > 0) all = all.where('f.account_name', 'in', accounts)
    if (connectors !== null && connectors.length > 0) all = all.where('f.connector_name', 'in', connectors)
    if (pair !== null) all = all.where('f.trading_pair', '=', pair)
    if (from !== undefined) all = all.where('f.timestamp', '>=', from)
    if (to !== undefined) all = all.where('f.timestamp', '<=', to)
    const cursor = parsedCursor(request.cursor)
    const after =
      cursor === undefined
        ? all
        : all.where((where) =>
            where(
              where.refTuple('f.timestamp', 'f.account_name', 'f.connector_name', 'f.trading_pair', 'f.id'),
              '<',
              where.tuple(
                sql<Date>`${cursor.time}::timestamptz`,
                cursor.account,
                cursor.connector,
                cursor.pair,
                cursor.id,
              ),
            ),
          )
    return page({
      total: all.select((where) => where.fn.countAll<string>().as('count')),
      rows: after
        .selectAll('f')
        .orderBy('f.timestamp', 'desc')
        .orderBy('f.account_name', 'desc')
        .orderBy('f.connector_name', 'desc')
        .orderBy('f.trading_pair', 'desc')
        .orderBy('f.id', 'desc'),
      limit: request.limit,
      itemOf: rowOf,
      cursorOf,
    })
  }
}
