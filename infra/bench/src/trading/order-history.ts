import type { Pool } from 'pg'

export const ORDERS = 1_000_000
const ORDERS_A_STATEMENT = 20_000
const DAYS = 90
const DAY_MS = 86_400_000

/**
 * A history of filled, refused and cancelled orders over ninety days, written into the log in bulk: two events each, as
 * trading itself would have written them, in the order of their times. Returns how many events there are.
 */
export const writeOrderHistory = async (pool: Pool, orders: number): Promise<number> => {
  const end = Date.now() - 60_000
  const begin = end - DAYS * DAY_MS
  for (let from = 0; from < orders; from += ORDERS_A_STATEMENT) {
    await pool.query({
      name: 'bench-order-history',
      text: HISTORY,
      values: [from, Math.min(orders, from + ORDERS_A_STATEMENT) - 1, begin, (end - begin) / orders],
    })
  }
  await pool.query('analyze log.events')
  return 2 * orders
}

/** One account in a thousand orders is rare, one status in twenty; the others are spread evenly. */
const HISTORY = `
with orders as (
  select n, 'CLB' || lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') || lpad(to_hex(n), 8, '0') as id,
    case when n % 1000 = 7 then 'quiet_account' else (array['master_account', 'second', 'third'])[1 + n % 3] end as account,
    (array['simulator', 'simulator_perpetual'])[1 + n / 13 % 2] as connector,
    (array['BTC-USDT', 'ETH-USDT', 'ADA-USDT', 'BNB-USDT'])[1 + n / 7 % 4] as pair,
    (array['BUY', 'SELL'])[1 + n / 11 % 2] as side, ($3::float8 + n * $4::float8)::bigint as time,
    case when n % 20 = 3 then 'cancelled' when n % 20 in (5, 11, 17) then 'refused' else 'filled' end as fate
  from generate_series($1::bigint, $2::bigint) n
), submitted as (
  select n, 0 as version, id, 'OrderSubmitted' as type, time, json_build_object('clientOrderId', id, 'accountName', account,
    'connectorName', connector, 'tradingPair', pair, 'tradeType', side, 'orderType', 'LIMIT', 'amount', '0.01', 'price',
    (16000 + n % 1000)::text, 'positionAction', 'OPEN', 'requestedAmount', '0.01', 'requestedPrice',
    (16000 + n % 1000)::text) as data
  from orders
), ended as (
  select n, 1 as version, id,
    case fate when 'filled' then 'OrderFilled' when 'refused' then 'OrderRejected' else 'OrderCancelled' end as type,
    time + 40 as time,
    case fate
      when 'filled' then json_build_object('tradeId', n::text, 'price', (16000 + n % 1000)::text, 'amount', '0.01', 'feeAmount',
        '0.16', 'feeCurrency', 'USDT', 'feeInQuote', '0.16', 'liquidity', 'maker', 'venueTime', time + 40)
      else json_build_object('reason', 'bench') end as data
  from orders
)
insert into log.events (stream_id, version, event_id, type, schema_version, data, metadata)
select 'order-' || id, version, gen_random_uuid(), type, 1, data, json_build_object('correlationId', id, 'causationId', id,
  'actor', 'user:bench', 'time', time)
from (select * from submitted union all select * from ended) events order by n, version`
