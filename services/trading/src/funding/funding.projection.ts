import { type FundingPaid, fundingEvents } from '@colibri/contracts'
import type { Projection } from '@colibri/event-log'

/** A row of `funding_payments`, as pg reads it. */
export interface FundingPaymentsTable {
  id: number
  funding_payment_id: string
  timestamp: Date
  account_name: string
  connector_name: string
  trading_pair: string
  funding_rate: string | null
  funding_payment: string
  fee_currency: string
  position_size: string | null
  exchange_funding_id: string
}

const tables = `
create table if not exists funding_payments (
  id integer not null unique,
  funding_payment_id text not null,
  timestamp timestamptz(3) not null,
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  funding_rate numeric,
  funding_payment numeric not null,
  fee_currency text not null,
  position_size numeric,
  exchange_funding_id text not null,
  primary key (account_name, connector_name, trading_pair, exchange_funding_id)
);
create index if not exists funding_payments_newest on funding_payments (timestamp desc, account_name, connector_name, trading_pair);
`

/** Ids count the payments in the order of the log, so that a rebuild gives the same ones. */
const STORE = `
insert into funding_payments
select coalesce((select max(id) from funding_payments), 0) + row.ordinal, funding_payment_id, timestamp, account_name,
  connector_name, trading_pair, funding_rate, funding_payment, fee_currency, position_size, exchange_funding_id
from jsonb_to_recordset($1::jsonb) as row(ordinal integer, funding_payment_id text, timestamp timestamptz,
  account_name text, connector_name text, trading_pair text, funding_rate numeric, funding_payment numeric,
  fee_currency text, position_size numeric, exchange_funding_id text)`

const rowOf = (data: FundingPaid, ordinal: number) => ({
  ordinal,
  funding_payment_id: `${data.connectorName}_${data.tradingPair}_${Math.floor(data.venueTime / 1000)}`,
  timestamp: new Date(data.venueTime).toISOString(),
  account_name: data.accountName,
  connector_name: data.connectorName,
  trading_pair: data.tradingPair,
  funding_rate: data.rate,
  funding_payment: data.amount,
  fee_currency: data.currency,
  position_size: data.positionSize,
  exchange_funding_id: data.venueId,
})

/** Funding payments as rows. */
export const fundingProjection: Projection = {
  name: 'funding',
  filter: { categories: ['funding'] },
  tables,
  async apply(events, client) {
    const rows = events.map(({ data }, index) => rowOf(fundingEvents.FundingPaid.parse(data), index + 1))
    await client.query({ name: 'funding-projection-store', text: STORE, values: [JSON.stringify(rows)] })
  },
}
