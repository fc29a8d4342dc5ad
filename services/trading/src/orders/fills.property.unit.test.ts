import assert from 'node:assert/strict'
import type { OrderEvent } from '@colibri/contracts'
import type { RecordedEvent } from '@colibri/event-log'
import fc from 'fast-check'
import type { PoolClient } from 'pg'
import t from 'tap'
import {
  isFinished,
  type Order,
  type OrderCommand,
  type OrderFill,
  type OrderIntent,
  orderDecider,
  statusOf,
} from './order.ts'
import { ordersProjection } from './orders.projection.ts'
import type { OrdersTable } from './orders.tables.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)

/** The model's numbers: whole multiples of 10⁻²⁴. */
const DIGITS = 24
const ONE = 10n ** BigInt(DIGITS)
const units = (text: string): bigint => {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? assert.fail(text)
  const size = BigInt(whole + fraction.padEnd(DIGITS, '0'))
  return sign === '-' ? -size : size
}
const sum = (texts: readonly string[]): bigint => texts.map(units).reduce((total, value) => total + value, 0n)

const decimal = (digits: number, decimals: number) =>
  fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** BigInt(digits) }), fc.integer({ min: 0, max: decimals }))
    .map(([value, places]) => {
      const text = value.toString().padStart(places + 1, '0')
      return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
    })

const someFills = fc
  .array(
    fc.record({
      price: decimal(11, 9),
      amount: decimal(9, 9),
      feeAmount: fc.oneof(fc.constant('0'), decimal(7, 12)),
      feeCurrency: fc.constantFrom('USDT', 'BNB'),
      valued: fc.boolean(),
      venueTime: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 8 },
  )
  .map((drawn) =>
    drawn.map(
      ({ valued, ...fill }, index): OrderFill => ({
        ...fill,
        tradeId: String(index + 1),
        feeInQuote: valued ? fill.feeAmount : null,
        liquidity: 'taker',
      }),
    ),
  )

const venueSays: readonly OrderCommand[] = [
  { kind: 'accept', venueOrderId: 'V1' },
  { kind: 'lose-outcome', reason: 'timeout' },
  { kind: 'reject', reason: 'no' },
  { kind: 'request-cancel' },
  { kind: 'lose-cancel', reason: 'timeout' },
  { kind: 'refuse-cancel', reason: 'too late' },
  { kind: 'confirm-cancel', reason: 'asked' },
]

/** Every fill at least once, some again, between whatever else the venue may say, in any order. */
const histories = someFills.chain((fills) =>
  fc.record({
    fills: fc.constant(fills),
    amount: decimal(9, 9),
    commands: fc
      .tuple(
        fc.array(fc.constantFrom(...venueSays), { maxLength: 6 }),
        fills.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...fills), { maxLength: 6 }),
      )
      .map(([said, again]) => [...said, ...[...fills, ...again].map((fill): OrderCommand => ({ kind: 'fill', fill }))])
      .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  }),
)

const intent = (amount: string): OrderIntent => ({
  clientOrderId: 'CLB1',
  accountName: 'master_account',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount,
  price: '1',
  positionAction: 'OPEN',
  requestedAmount: amount,
  requestedPrice: '1',
})

/** The row and the trades that the projection of these events writes. */
const projected = async (events: readonly OrderEvent[]) => {
  const written = new Map<string, unknown[]>()
  const client: PoolClient = Object.assign(Object.create(null), {
    query: async ({ name, values: [rows] }: { name: string; values: [string] }) => {
      written.set(name, JSON.parse(rows))
    },
  })
  const recorded = events.map(
    ({ type, data }, version): RecordedEvent => ({
      id: String(version),
      type,
      data,
      schemaVersion: 1,
      metadata: { actor: 'venue:simulator', correlationId: 'c', causationId: 'c', time: version },
      streamId: 'order-CLB1',
      version,
      position: `1/${version}`,
      recordedAt: version,
    }),
  )
  await ordersProjection.apply(recorded, client)
  const [row] = (written.get('orders-projection-store') ?? []) as OrdersTable[]
  return { row: row ?? assert.fail(), trades: written.get('orders-projection-trades') ?? [] }
}

t.test('fills in any order, repeated, late and after a cancel: each counts once, exactly', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async ({ fills, amount, commands }) => {
      let order: Order = orderDecider.initialState
      const events: OrderEvent[] = []
      const run = (command: OrderCommand): void => {
        const decided = orderDecider.decide(command, order)
        events.push(...decided)
        order = decided.reduce((before: Order, event) => orderDecider.evolve(before, event), order)
      }
      run({ kind: 'submit', intent: intent(amount) })
      for (const command of commands) run(command)
      if (order.kind !== 'placed') return assert.fail('it was placed')

      const counted = events.flatMap((event) => (event.type === 'OrderFilled' ? [event.data.tradeId] : []))
      assert.deepEqual([...counted].sort(), fills.map(({ tradeId }) => tradeId).sort(), 'each fill once')
      const filled = sum(fills.map((fill) => fill.amount))
      assert.equal(units(order.filledAmount), filled)
      assert.equal(statusOf(order) === 'FILLED', filled >= units(amount))
      if (events.some(({ type }) => type === 'OrderCancelled')) {
        assert.ok(isFinished(order), 'a fill after the cancel does not open it again')
      }

      const { row, trades } = await projected(events)
      assert.equal(units(row.filled_amount), filled)
      assert.equal(row.status, statusOf(order))
      assert.equal(trades.length, fills.length)
      if (fills.length === 0) return assert.equal(row.average_fill_price, null)
      const quote = fills.reduce((total, fill) => total + units(fill.price) * units(fill.amount), 0n)
      assert.equal(units(row.filled_quote) * ONE, quote)
      // Half up at the eighteenth decimal.
      const step = 10n ** 6n
      const average = ((2n * quote + filled * step) / (2n * filled * step)) * step
      assert.equal(units(row.average_fill_price ?? ''), average)
      const currencies = new Set(fills.map((fill) => (fill.feeInQuote === null ? fill.feeCurrency : 'USDT')))
      if (currencies.size > 1) return assert.deepEqual([row.fee_paid, row.fee_currency], [null, null])
      assert.equal(units(row.fee_paid ?? ''), sum(fills.map((fill) => fill.feeInQuote ?? fill.feeAmount)))
      assert.equal(row.fee_currency, [...currencies][0])
    }),
    { numRuns: 10_000, seed },
  )
})
