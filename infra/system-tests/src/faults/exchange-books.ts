import { Decimal as Plain } from 'decimal.js'
import pg from 'pg'
import { z } from 'zod'

/** More digits than any sum here has: only the average is ever rounded, and once. */
const Decimal = Plain.clone({ precision: 80 })
type Decimal = Plain

const ledgerSchema = z.object({
  orders: z.array(
    z.object({
      clientOrderId: z.string(),
      market: z.enum(['spot', 'futures']),
      symbol: z.string(),
      side: z.enum(['BUY', 'SELL']),
      fills: z.array(
        z.object({
          tradeId: z.number(),
          price: z.string(),
          quantity: z.string(),
          fee: z.string(),
          feeAsset: z.string(),
        }),
      ),
    }),
  ),
  accounts: z.record(
    z.string(),
    z.object({
      initial: z.object({ spot: z.record(z.string(), z.string()) }),
      spot: z.record(z.string(), z.object({ free: z.string(), locked: z.string() })),
    }),
  ),
})
export type ExchangeBooks = z.infer<typeof ledgerSchema>

/** Every order the exchange took with each of its fills, and what every account holds there. */
export const readBooks = async (simulatorUrl: string): Promise<ExchangeBooks> => {
  const response = await fetch(`${simulatorUrl}/control/ledger`)
  return ledgerSchema.parse(await response.json())
}

export interface LoggedFill {
  readonly clientOrderId: string
  readonly connectorName: string
  readonly tradingPair: string
  readonly side: 'BUY' | 'SELL'
  readonly tradeId: string
  readonly price: string
  readonly amount: string
  readonly feeAmount: string
  readonly feeCurrency: string
}

export interface ShownOrder {
  readonly clientOrderId: string
  readonly filledAmount: string
  readonly averagePrice: string | null
  readonly trades: number
}

/** Every fill in the log, and every order as the read model shows it, of one moment. */
export const readFills = async (
  databaseUrl: string,
): Promise<{ readonly fills: readonly LoggedFill[]; readonly shown: readonly ShownOrder[] }> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const fills = await client.query<LoggedFill>(
      `select o.data ->> 'clientOrderId' as "clientOrderId", o.data ->> 'connectorName' as "connectorName",
        o.data ->> 'tradingPair' as "tradingPair", o.data ->> 'tradeType' as side, f.data ->> 'tradeId' as "tradeId",
        f.data ->> 'price' as price, f.data ->> 'amount' as amount, f.data ->> 'feeAmount' as "feeAmount",
        f.data ->> 'feeCurrency' as "feeCurrency"
      from log.events f join log.events o on o.stream_id = f.stream_id and o.version = 0
      where f.type = 'OrderFilled'`,
    )
    const shown = await client.query<ShownOrder>(
      `select o.client_order_id as "clientOrderId", o.filled_amount::text as "filledAmount",
        o.average_fill_price::text as "averagePrice", count(t.trade_id)::integer as trades
      from trading.orders o left join trading.trades t using (client_order_id) group by o.client_order_id`,
    )
    await client.query('rollback')
    return { fills: fills.rows, shown: shown.rows }
  } finally {
    await client.end()
  }
}

const sum = (numbers: readonly string[]): Decimal => numbers.reduce((total, one) => total.plus(one), new Decimal(0))

const plain = (number: string): string => new Decimal(number).toFixed()

/** What each fill says, in one line: equal lines mean equal to the last decimal. */
const line = (id: string, trade: string, price: string, amount: string, fee: string, asset: string): string =>
  `${id} ${trade}: ${plain(amount)} at ${plain(price)}, fee ${plain(fee)} ${asset}`

/** Everything in which the log's fills, the rows and the exchange's books differ; empty when they agree to the last decimal. */
export const differences = (
  books: ExchangeBooks,
  { fills, shown }: Awaited<ReturnType<typeof readFills>>,
): readonly string[] => {
  const logged = fills.map((fill) =>
    line(fill.clientOrderId, fill.tradeId, fill.price, fill.amount, fill.feeAmount, fill.feeCurrency),
  )
  const atVenue = books.orders.flatMap((order) =>
    order.fills.map((fill) =>
      line(order.clientOrderId, String(fill.tradeId), fill.price, fill.quantity, fill.fee, fill.feeAsset),
    ),
  )
  const [inLog, there] = [new Set(logged), new Set(atVenue)]
  const found = [
    ...atVenue.filter((one) => !inLog.has(one)).map((one) => `not in the log: ${one}`),
    ...logged.filter((one) => !there.has(one)).map((one) => `not at the exchange: ${one}`),
    ...(inLog.size === logged.length ? [] : [`${logged.length - inLog.size} fills are in the log twice`]),
  ]
  const rows = new Map(shown.map((row) => [row.clientOrderId, row]))
  for (const [id, ofOrder] of Map.groupBy(fills, (fill) => fill.clientOrderId)) {
    const amount = sum(ofOrder.map((fill) => fill.amount))
    const quote = ofOrder.reduce(
      (total, fill) => total.plus(new Decimal(fill.price).times(fill.amount)),
      new Decimal(0),
    )
    const row = rows.get(id)
    const average = quote.div(amount).toDecimalPlaces(18)
    if (!amount.eq(row?.filledAmount ?? Number.NaN))
      found.push(`${id} shows ${row?.filledAmount} filled, not ${amount}`)
    if (!average.eq(row?.averagePrice ?? Number.NaN)) found.push(`${id} shows ${row?.averagePrice}, not ${average}`)
    if (row?.trades !== ofOrder.length) found.push(`${id} shows ${row?.trades} trades, not ${ofOrder.length}`)
  }
  return found
}

/** What the log's fills make of the opening balances must be what the exchange says each spot asset is now. */
export const balanceDifferences = (books: ExchangeBooks, fills: readonly LoggedFill[]): readonly string[] => {
  const account = books.accounts.default
  if (account === undefined) return ['the exchange has no account']
  const held = new Map<string, Decimal>()
  const move = (asset: string, by: Plain.Value): void =>
    void held.set(asset, (held.get(asset) ?? new Decimal(account.initial.spot[asset] ?? 0)).plus(by))
  for (const fill of fills.filter(({ connectorName }) => connectorName === 'simulator')) {
    const [base = '', quote = ''] = fill.tradingPair.split('-')
    const sign = fill.side === 'BUY' ? 1 : -1
    move(base, new Decimal(fill.amount).times(sign))
    move(quote, new Decimal(fill.amount).times(fill.price).times(-sign))
    move(fill.feeCurrency, new Decimal(fill.feeAmount).neg())
  }
  return [...held].flatMap(([asset, expected]) => {
    const { free, locked } = account.spot[asset] ?? { free: '0', locked: '0' }
    const actual = new Decimal(free).plus(locked)
    return actual.eq(expected)
      ? []
      : [`${asset}: the fills make ${expected.toFixed()}, the exchange has ${actual.toFixed()}`]
  })
}

/** Base units held of each perpetual pair by the log's fills; what is zero is left out. */
export const positionsOf = (fills: readonly LoggedFill[]): ReadonlyMap<string, string> => {
  const positions = new Map<string, Decimal>()
  for (const fill of fills.filter(({ connectorName }) => connectorName === 'simulator_perpetual')) {
    const by = new Decimal(fill.amount).times(fill.side === 'BUY' ? 1 : -1)
    positions.set(fill.tradingPair, (positions.get(fill.tradingPair) ?? new Decimal(0)).plus(by))
  }
  return new Map(
    [...positions].filter(([, amount]) => !amount.isZero()).map(([pair, amount]) => [pair, amount.toFixed()]),
  )
}
