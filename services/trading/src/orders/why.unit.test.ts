import { orderEvents } from '@colibri/contracts'
import type { RecordedEvent } from '@colibri/event-log'
import t from 'tap'
import { explain } from './why.ts'

/** As the log held them before the market and addresses were kept: these texts stay readable for ever. */
const STORED = [
  [
    'OrderSubmitted',
    '{"clientOrderId":"CLB1","accountName":"master_account","connectorName":"simulator","tradingPair":"BTC-USDT","tradeType":"BUY","orderType":"LIMIT","amount":"0.50000","price":"50000.00","positionAction":"OPEN","requestedAmount":"0.5","requestedPrice":"50000"}',
    '{"actor":"user:admin","correlationId":"c-1","causationId":"r-1","time":1760000000000}',
  ],
  [
    'OrderAccepted',
    '{"venueOrderId":"17"}',
    '{"actor":"venue:simulator","correlationId":"c-1","causationId":"e-0","time":1760000000005}',
  ],
  [
    'OrderFilled',
    '{"tradeId":"9","price":"49999","amount":"0.2","feeAmount":"0.1","feeCurrency":"USDT","feeInQuote":"0.1","liquidity":"maker","venueTime":1760000000900}',
    '{"actor":"venue:simulator","correlationId":"c-1","causationId":"e-1","time":1760000001000}',
  ],
  ['OrderCancelRequested', '{}', '{"actor":"user:bob","correlationId":"c-2","causationId":"r-2","time":1760000002000}'],
  [
    'OrderCancelled',
    '{"reason":"cancelled at the venue"}',
    '{"actor":"venue:simulator","correlationId":"c-1","causationId":"e-3","time":1760000002100}',
  ],
] as const

const recorded = (
  streamId: string,
  stored: readonly (readonly [type: string, data: string, metadata: string])[],
  prefix = 'e',
): RecordedEvent[] =>
  stored.map(([type, data, metadata], version) => ({
    id: `${prefix}-${version}`,
    type,
    schemaVersion: 1,
    data: JSON.parse(data) as RecordedEvent['data'],
    metadata: JSON.parse(metadata) as RecordedEvent['metadata'],
    streamId,
    version,
    position: `7/${version}`,
    recordedAt: 1_760_000_000_001,
  }))

const old = recorded('order-CLB1', STORED)

t.test('orders from before the market was kept are still read', async (t) => {
  t.ok(orderEvents.OrderSubmitted.safeParse(old[0]?.data).success)
  const why = explain('CLB1', old, [])
  t.match(why, {
    order_id: 'CLB1',
    request: { request_id: 'r-1', correlation_id: 'c-1', actor: 'user:admin', address: null, time: 1_760_000_000_000 },
    market: null,
    market_in_words: 'The market was not recorded with orders yet',
    fills: [{ trade_id: '9', event_id: 'e-2', amount: '0.2', price: '49999' }],
  })
  t.equal(
    why?.summary,
    'user:admin caused it at 2025-10-09T08:53:20.000Z: BUY 0.50000 BTC-USDT LIMIT at 50000.00 on simulator for master_account. It is CANCELLED, 0.2 of 0.50000 filled in 1 fill',
  )
})

t.test('every step says what caused it', async (t) => {
  const steps = explain('CLB1', old, [])?.steps ?? []
  t.same(
    steps.map(({ event_id: id, caused_by: by }) => [
      id,
      by.kind === 'event' ? by.event_id : `${by.actor} ${by.request_id}`,
    ]),
    [
      ['e-4', 'e-3'],
      ['e-3', 'user:bob r-2'],
      ['e-2', 'e-1'],
      ['e-1', 'e-0'],
      ['e-0', 'user:admin r-1'],
    ],
  )
  t.same(
    steps.map(({ what }) => what),
    [
      'The order is cancelled: cancelled at the venue',
      'It was asked to cancel the order',
      '0.2 filled at 49999 as maker, fee 0.1 USDT, trade 9 of the venue',
      'The venue has the order, as 17',
      'The intent was stored before anything was sent: BUY 0.50000 BTC-USDT LIMIT at 50000.00 on simulator for master_account',
    ],
  )
})

t.test('the market of an order in words', async (t) => {
  const withMarket = (market: unknown) => {
    const [submitted, ...rest] = old
    if (submitted === undefined) throw new Error('no event')
    return explain(
      'CLB1',
      [{ ...submitted, data: { ...submitted.data, market } as RecordedEvent['data'] }, ...rest],
      [],
    )
  }
  const market = { bid: '49990', ask: null, last: '50000', time: 1_760_000_000_000 }
  t.equal(
    withMarket(market)?.market_in_words,
    'At 2025-10-09T08:53:20.000Z the best bid was 49990, the last price was 50000',
  )
  t.same(withMarket(market)?.market, market)
  t.match(withMarket(null)?.market_in_words, /^Nothing was known/)
})

t.test('what a halt did leads to the request of the halt, and never in a circle', async (t) => {
  const halts = recorded(
    'guard-trading',
    [
      [
        'HaltRequested',
        '{"scope":{"kind":"portfolio"},"ladder":"flatten","reason":"enough"}',
        '{"actor":"user:admin","correlationId":"c-9","causationId":"r-9","time":1,"address":"203.0.113.7"}',
      ],
    ],
    'h',
  )
  const [submitted] = old
  if (submitted === undefined) throw new Error('no event')
  const byGuard = { ...submitted, metadata: { actor: 'guard', correlationId: 'h-0', causationId: 'h-0', time: 2 } }
  const why = explain('CLB1', [byGuard], halts)
  t.match(why?.request, { actor: 'user:admin', address: '203.0.113.7', request_id: 'r-9' })
  t.match(why?.steps.at(-1), { event_id: 'h-0', what: 'HaltRequested by the guards: enough' })
  const circle = { ...submitted, metadata: { ...submitted.metadata, causationId: submitted.id } }
  t.match(explain('CLB1', [circle], []), { steps: [{ caused_by: { kind: 'request' } }] })
})

t.test('an order nobody placed', async (t) => {
  t.equal(explain('CLB1', [], []), undefined)
})
