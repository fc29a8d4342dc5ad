import fc from 'fast-check'
import t from 'tap'
import type { Frame } from './live-frame.ts'
import { createSubscriptionMemory } from './subscription-memory.ts'

const text = (value: unknown): Frame => ({
  data: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  format: 'text',
})
const wish = (pair: string, more: object = {}) =>
  text({ action: 'subscribe', type: 'trades', connector: 'c', trading_pair: pair, ...more })
const connected = text({ type: 'connected', connection_id: 'x', timestamp: 1 })
const subscribed = (id: string) => text({ type: 'subscribed', subscription_id: id })
const unsubscribed = (id: string) => text({ type: 'unsubscribed', subscription_id: id })
const failure = (message: string) => text({ type: 'error', message })
const data = (id: string, sequence: number, marks = '', type = 'trades') =>
  text(
    `{"type":"${type}","subscription_id":${JSON.stringify(id)},"data":[],"timestamp":1.5,"sequence":${sequence}${marks}}`,
  )
const said = (frames: readonly Frame[]): unknown[] => frames.map((frame) => JSON.parse(frame.data.toString()))

t.test('another replica is told what the client has, and the client does not hear the answers', async (t) => {
  const memory = createSubscriptionMemory()
  t.equal(memory.heard(connected), 'pass')
  memory.asked(wish('A-B'))
  memory.asked(wish('C-D', { resume_from: 7 }))
  memory.asked(text({ action: 'subscribe', type: 'candles', connector: 'c', trading_pair: 'A-B' }))
  t.equal(memory.heard(subscribed('trades_c_A-B')), 'pass')
  t.equal(memory.heard(subscribed('candles_c_A-B_1m')), 'pass')
  t.equal(memory.heard(subscribed('trades_c_C-D')), 'pass')
  t.equal(memory.heard(data('trades_c_A-B', 5)), 'pass')
  memory.asked(wish('E-F'))
  t.same(said(memory.moved()), [
    { action: 'subscribe', type: 'trades', connector: 'c', trading_pair: 'A-B', resume_from: 5 },
    { action: 'subscribe', type: 'candles', connector: 'c', trading_pair: 'A-B' },
    { action: 'subscribe', type: 'trades', connector: 'c', trading_pair: 'C-D', resume_from: 7 },
    { action: 'subscribe', type: 'trades', connector: 'c', trading_pair: 'E-F' },
  ])
  t.equal(memory.heard(connected), 'swallow')
  t.equal(memory.heard(subscribed('trades_c_E-F')), 'pass', 'its own answer')
  t.equal(memory.heard(subscribed('trades_c_A-B')), 'swallow')
  t.equal(memory.heard(data('trades_c_A-B', 5)), 'swallow', 'what the client has')
  t.equal(memory.heard(data('trades_c_A-B', 6, ',"resumed":true')), 'pass')
  t.equal(memory.heard(text({ type: 'heartbeat', timestamp: 1 })), 'pass')
  t.equal(memory.heard({ data: Buffer.from([1, 2]), format: 'binary' }), 'pass')
  memory.asked(text({ action: 'unsubscribe', subscription_id: 'trades_c_A-B' }))
  t.equal(memory.heard(unsubscribed('trades_c_A-B')), 'pass')
  t.notOk(said(memory.moved()).some((request) => (request as { resume_from?: number }).resume_from === 6))
})

t.test('a gap is told, whatever its sequence', async (t) => {
  const memory = createSubscriptionMemory()
  memory.asked(wish('A'))
  memory.heard(subscribed('trades_c_A'))
  t.match(said(memory.moved()), [{ resume_from: 0 }], 'trades before the first message are not known')
  memory.heard(subscribed('trades_c_A'))
  memory.heard(data('trades_c_A', 9))
  memory.moved()
  t.equal(memory.heard(data('trades_c_A', 3, ',"dropped":2,"resumed":false')), 'pass')
  t.match(said(memory.moved()), [{ resume_from: 3 }])
  t.equal(memory.heard(data('trades_c_A', 0, ',"resumed":false')), 'pass', 'of a replica that has nothing yet')
  t.equal(memory.heard(data('trades_c_A', 3)), 'swallow')
  t.match(said(memory.moved()), [{ resume_from: 3 }])
})

t.test('a live candle is told again with the same sequence', async (t) => {
  const memory = createSubscriptionMemory()
  const id = 'candles_c_A_5m'
  memory.asked(text({ action: 'subscribe', type: 'candles', connector: 'c', trading_pair: 'A', interval: '5m' }))
  memory.heard(subscribed(id))
  memory.heard(data(id, 9, '', 'candles'))
  memory.moved()
  t.equal(memory.heard(data(id, 8, ',"resumed":true', 'candles')), 'swallow')
  t.equal(memory.heard(data(id, 9, '', 'candle_update')), 'pass')
})

t.test('a request that failed is not told of twice', async (t) => {
  const memory = createSubscriptionMemory()
  memory.asked(wish('slow'))
  memory.asked(text('garbage'))
  t.equal(memory.heard(failure('Invalid JSON: garbage')), 'pass')
  t.equal(memory.moved().length, 2, 'which of them failed is not known')
  t.equal(memory.heard(failure('Invalid JSON: garbage')), 'swallow')
  t.equal(memory.heard(failure('Failed to start feed')), 'pass')
  t.same(memory.moved(), [], 'both are answered')
  t.same(memory.unanswered(), { count: 0, bytes: 0 })
})

t.test('a subscription that another replica cannot give has failed', async (t) => {
  const memory = createSubscriptionMemory()
  memory.asked(wish('A'))
  memory.heard(subscribed('trades_c_A'))
  memory.moved()
  t.equal(memory.heard(failure('Failed to start feed')), 'pass')
  t.same(memory.moved(), [])
  memory.asked(wish('B'))
  memory.heard(subscribed('trades_c_B'))
  t.equal(memory.heard(text({ type: 'error', message: 'gone', subscription_id: 'trades_c_B' })), 'pass')
  t.same(memory.moved(), [], 'nor one that ended')
})

t.test('ids of any text and length', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400, size: 'max' }), (pair) => {
        const memory = createSubscriptionMemory()
        const id = `trades_c_${pair}`
        memory.asked(wish(pair))
        memory.heard(subscribed(id))
        memory.heard(data(id, 4))
        const [request] = said(memory.moved()) as { resume_from: number; trading_pair: string }[]
        return request?.resume_from === 4 && request.trading_pair === pair && memory.heard(data(id, 4)) === 'swallow'
      }),
    ),
  )
})

/** A replica as the service is: answers in the order of one subscription, in any order between several. */
interface World {
  readonly replica: Map<string, number>
  readonly waiting: Map<string, Frame[]>
}

t.test('however answers, data and deaths come: one answer for each request, every trade once', async (t) => {
  const names = ['A', 'B', 'X']
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('subscribe' as const), name: fc.constantFrom(...names) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), name: fc.constantFrom(...names) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), name: fc.constantFrom(...names) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('trade' as const), name: fc.constantFrom(...names) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), name: fc.constantFrom(...names) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), name: fc.constant('') }) },
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const memory = createSubscriptionMemory()
        const venue = new Map<string, number>(names.map((name) => [name, 1]))
        let world: World = { replica: new Map(), waiting: new Map() }
        const asked = { good: 0, bad: 0 }
        const told = { good: 0, bad: 0 }
        const seen = new Map<string, number | undefined>()
        const tell = (frame: Frame): void => {
          if (memory.heard(frame) === 'swallow') return
          const message = JSON.parse(frame.data.toString())
          const name = String(message.subscription_id).slice('trades_c_'.length)
          if (message.type === 'error') told.bad++
          else if (message.type === 'subscribed' || message.type === 'unsubscribed') {
            told.good++
            seen.delete(name)
          } else {
            const [from, to] = message.data as [number, number]
            const last = seen.get(name)
            if (last !== undefined && from !== last + 1) throw new Error(`${name}: ${from} after ${last}`)
            seen.set(name, to)
          }
        }
        const send = (frame: Frame): void => {
          const request = JSON.parse(frame.data.toString())
          const name = request.trading_pair ?? request.subscription_id.slice('trades_c_'.length)
          world.waiting.set(name, [...(world.waiting.get(name) ?? []), frame])
        }
        const answer = (name: string): boolean => {
          const [frame, ...rest] = world.waiting.get(name) ?? []
          if (frame === undefined) return false
          world.waiting.set(name, rest)
          const request = JSON.parse(frame.data.toString())
          const id = `trades_c_${name}`
          if (request.action === 'unsubscribe') {
            tell(world.replica.delete(name) ? unsubscribed(id) : failure(`Subscription not found: ${id}`))
          } else if (name.startsWith('X')) tell(failure('no such pair'))
          else {
            const from = request.resume_from > 0 ? Number(request.resume_from) : (venue.get(name) ?? 0)
            tell(subscribed(id))
            world.replica.set(name, from)
          }
          return true
        }
        const push = (name: string): void => {
          const from = world.replica.get(name)
          const to = venue.get(name) ?? 0
          if (from === undefined || to <= from) return
          world.replica.set(name, to)
          tell(
            text(
              `{"type":"trades","subscription_id":"trades_c_${name}","data":[${from + 1},${to}],"timestamp":1,"sequence":${to}}`,
            ),
          )
        }
        const ask = (frame: Frame): void => {
          memory.asked(frame)
          send(frame)
        }
        for (const { do: kind, name } of steps) {
          switch (kind) {
            case 'subscribe':
              ask(wish(name))
              asked[name.startsWith('X') ? 'bad' : 'good']++
              break
            case 'unsubscribe':
              if (world.replica.has(name) && (world.waiting.get(name) ?? []).length === 0) {
                ask(text({ action: 'unsubscribe', subscription_id: `trades_c_${name}` }))
                asked.good++
              }
              break
            case 'answer':
              answer(name)
              break
            case 'trade':
              venue.set(name, (venue.get(name) ?? 0) + 1)
              break
            case 'push':
              push(name)
              break
            case 'die':
              world = { replica: new Map(), waiting: new Map() }
              for (const frame of memory.moved()) send(frame)
          }
        }
        for (const name of names) while (answer(name));
        for (const name of names) push(name)
        if (told.good !== asked.good || told.bad !== asked.bad) throw new Error(JSON.stringify({ asked, told }))
        return memory.unanswered().count === 0
      }),
      { numRuns: 500 },
    ),
  )
})
