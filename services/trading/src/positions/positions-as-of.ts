import type { EventLog } from '@colibri/event-log'
import { catalogue } from '@colibri/exchange'
import type { Pool } from 'pg'
import { Exact } from '../decimal.ts'
import type { UpToDate } from '../orders/orders.queries.ts'
import { inMoment } from '../orders/orders-as-of.ts'
import type { AccountPosition } from './positions.ts'

/** Positions at a moment by the fills that were known then. Null and an empty list filter nothing. */
export type PositionsAsOf = (
  time: number,
  accountNames: readonly string[] | null,
  connectorNames: readonly string[] | null,
) => Promise<AccountPosition[]>

/** A fill of a position that is open at the moment: the one that opened or turned it, and every later one. */
export interface PositionFill {
  readonly account: string
  readonly connector: string
  readonly pair: string
  readonly side: 'LONG' | 'SHORT' | 'BOTH'
  /** Base units, negative when sold. */
  readonly signed: string
  /** The position with this fill. */
  readonly held: string
  readonly price: string
}

/** Since a position was last flat, or changed its direction, all its fills are in it; the ones before are in none. */
const FILLS = `
with fills as (
  select o.account_name, o.connector_name, o.trading_pair, coalesce(t.position_side, 'BOTH') as side, t.price,
    case when o.trade_type = 'BUY' then t.amount else -t.amount end as signed, t.timestamp, t.trade_id
  from trading.trades t join trading.orders o using (client_order_id)
  where o.connector_name = any($2) and ($3::text[] is null or o.account_name = any($3))
    and o.created_at <= $1 and (o.updated_at <= $1 or t.trade_id = any($4))
), running as (
  select *, sum(signed) over position as held, row_number() over position as number
  from fills
  window position as (partition by account_name, connector_name, trading_pair, side order by timestamp, trade_id)
), marked as (
  select *, max(number) filter (where sign(held) <> sign(held - signed))
    over (partition by account_name, connector_name, trading_pair, side) as began
  from running
)
select account_name as account, connector_name as connector, trading_pair as pair, side, signed::text, held::text, price::text
from marked where number >= began and held <> 0
order by account_name, connector_name, trading_pair, side, number`

/** Decimals an entry price is given with. */
const PRICE_DECIMALS = 18

const named = (names: readonly string[] | null): readonly string[] | null =>
  names === null || names.length === 0 ? null : names

export const positionsAsOf =
  (pool: Pool, log: EventLog, { stored, projected }: UpToDate): PositionsAsOf =>
  async (time, accountNames, connectorNames) => {
    await stored()
    await projected()
    const wanted = named(connectorNames)
    const connectors = catalogue.flatMap(({ name, market }) =>
      market === 'perpetual' && (wanted === null || wanted.includes(name)) ? [name] : [],
    )
    const { rows } = await inMoment(pool, log, time, ({ tradeIds }) =>
      pool.query<PositionFill>(FILLS, [new Date(time), connectors, named(accountNames), tradeIds]),
    )
    return foldPositions(rows)
  }

const keyOf = ({ account, connector, pair, side }: PositionFill): string => [account, connector, pair, side].join('\n')

/**
 * Positions out of their fills, the entry price by average cost: what is added has its own price, what is taken away leaves
 * the price as it was. `unrealizedPnl` and `leverage` are the venue's to tell, and null.
 */
export const foldPositions = (fills: readonly PositionFill[]): AccountPosition[] => {
  const open = new Map<string, { fill: PositionFill; amount: Exact; cost: Exact }>()
  for (const fill of fills) {
    const held = new Exact(fill.held)
    const before = open.get(keyOf(fill))
    const cost =
      before === undefined
        ? held.times(fill.price)
        : held.abs().gt(before.amount.abs())
          ? before.cost.plus(new Exact(fill.signed).times(fill.price))
          : before.cost.times(held).div(before.amount)
    open.set(keyOf(fill), { fill, amount: held, cost })
  }
  return [...open.values()].map(({ fill, amount, cost }) => ({
    accountName: fill.account,
    connectorName: fill.connector,
    tradingPair: fill.pair,
    side: fill.side,
    amount: amount.toFixed(),
    entryPrice: cost.div(amount).toDecimalPlaces(PRICE_DECIMALS).toFixed(),
    unrealizedPnl: null,
    leverage: null,
  }))
}
