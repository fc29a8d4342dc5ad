import fc from 'fast-check'
import t from 'tap'
import { readCommand } from './command.ts'

const read = (value: unknown) => readCommand(Buffer.from(JSON.stringify(value)), 'text')
const message = (value: unknown): unknown => {
  const command = read(value)
  return command.kind === 'refused' ? command.message : command
}

t.test('the contract’s texts', async (t) => {
  t.same(read({ action: 'ping' }), { kind: 'ping' })
  t.equal(message({ action: 'dance' }), 'Unknown action: dance. Valid actions: subscribe, unsubscribe, ping')
  t.equal(message({}), 'Unknown action: None. Valid actions: subscribe, unsubscribe, ping')
  t.equal(message({ action: 'unsubscribe' }), "unsubscribe requires 'subscription_id'")
  t.same(read({ action: 'unsubscribe', subscription_id: 'x' }), { kind: 'unsubscribe', id: 'x' })
  t.equal(message({ action: 'subscribe' }), 'Invalid subscription type: None')
  t.equal(message({ action: 'subscribe', type: 'bot_status' }), 'Invalid subscription type: bot_status')
  t.equal(message({ action: 'subscribe', type: 'candles' }), 'connector and trading_pair are required')
  t.equal(
    message({ action: 'subscribe', type: 'trades', connector: '', trading_pair: 'A-B' }),
    'connector and trading_pair are required',
  )
})

const wanted = { action: 'subscribe', connector: 'binance', trading_pair: 'BTC-USDT' }

t.test('subscriptions and what they are called', async (t) => {
  const common = { connectorName: 'binance', tradingPair: 'BTC-USDT', updateMs: 1_000, resumeFrom: undefined }
  t.same(read({ ...wanted, type: 'candles' }), {
    kind: 'subscribe',
    subscription: { ...common, type: 'candles', interval: '1m', rows: 100, id: 'candles_binance_BTC-USDT_1m' },
  })
  t.same(read({ ...wanted, type: 'order_book', depth: 3 }), {
    kind: 'subscribe',
    subscription: { ...common, type: 'order_book', depth: 3, id: 'order_book_binance_BTC-USDT' },
  })
  for (const type of ['trades', 'ticker', 'funding'])
    t.same(read({ ...wanted, type, resume_from: 7 }), {
      kind: 'subscribe',
      subscription: { ...common, type, id: `${type}_binance_BTC-USDT`, resumeFrom: 7 },
    })
})

t.test('the interval is clamped, and refused by name where it is no number', async (t) => {
  const updateMs = (update_interval: unknown): unknown => {
    const command = read({ ...wanted, type: 'trades', update_interval })
    return command.kind === 'subscribe' ? command.subscription.updateMs : command
  }
  t.equal(updateMs(0.5), 500)
  t.equal(updateMs('0.5'), 500)
  t.equal(updateMs(0), 250)
  t.equal(updateMs(-1), 250)
  t.equal(updateMs(1e9), 60_000)
  t.equal(updateMs(undefined), 1_000)
  for (const [value, shown] of [
    [null, 'null'],
    ['abc', '"abc"'],
    [[1], '[1]'],
    ['nan', '"nan"'],
  ])
    t.equal(
      message({ ...wanted, type: 'order_book', update_interval: value }),
      `update_interval must be a number of seconds, got ${shown}`,
    )
})

t.test('other fields that cannot be read are named with their value', async (t) => {
  const refused = (fields: object): unknown => message({ ...wanted, ...fields })
  t.equal(refused({ type: 'order_book', depth: 0 }), 'depth must be a whole number from 1 to 1000, got 0')
  t.equal(refused({ type: 'candles', max_records: 2.5 }), 'max_records must be a whole number from 1 to 10000, got 2.5')
  t.equal(refused({ type: 'candles', interval: 5 }), 'interval must be text, got 5')
  t.equal(refused({ type: 'trades', connector: 5 }), 'connector must be text, got 5')
  t.equal(refused({ type: 'trades', resume_from: 'x' }), 'resume_from must be the sequence of a message, got "x"')
})

t.test('what the original died of', async (t) => {
  const raw = (text: string) => readCommand(Buffer.from(text), 'text')
  t.same(raw('{oops'), { kind: 'refused', message: 'Invalid JSON: {oops' })
  t.same(raw(''), { kind: 'refused', message: 'Invalid JSON: ' })
  t.same(raw('[1]'), { kind: 'refused', message: 'A message must be a JSON object, got [1]' })
  t.same(raw('null'), { kind: 'refused', message: 'A message must be a JSON object, got null' })
  t.same(raw(`{"a":${'x'.repeat(500)}`), { kind: 'refused', message: `Invalid JSON: {"a":${'x'.repeat(95)}…` })
  t.same(readCommand(Buffer.from([1, 2, 3]), 'binary'), {
    kind: 'refused',
    message: 'Binary messages are not understood: got 3 bytes, send JSON text',
  })
})

t.test('whatever comes is a command or a message, and a message is short', async () => {
  const field = fc.option(fc.jsonValue(), { nil: undefined })
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .record({
        action: fc.oneof(fc.constantFrom('subscribe', 'unsubscribe', 'ping'), field),
        type: fc.oneof(fc.constantFrom('candles', 'order_book', 'trades'), field),
        connector: fc.oneof(fc.constant('binance'), field),
        trading_pair: fc.oneof(fc.constant('BTC-USDT'), field),
        update_interval: field,
        depth: field,
        max_records: field,
        interval: field,
        resume_from: field,
        subscription_id: field,
      })
      .map((value) => Buffer.from(JSON.stringify(value))),
  )
  fc.assert(
    fc.property(frames, (frame) => {
      const command = readCommand(frame, 'text')
      if (command.kind === 'refused') return command.message !== '' && command.message.length < 250
      if (command.kind !== 'subscribe') return true
      const { updateMs, id } = command.subscription
      return updateMs >= 250 && updateMs <= 60_000 && id !== ''
    }),
    { numRuns: 2_000 },
  )
})
