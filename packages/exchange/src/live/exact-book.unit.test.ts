import fc from 'fast-check'
import t from 'tap'
import { exact } from '../decimals.ts'
import { bookView } from './book-view.ts'
import { type BookOwner, ExactBook } from './exact-book.ts'
import { plain, UnreadableLevel } from './exact-side.ts'

const ownerOf = (change: Partial<BookOwner> = {}): BookOwner & { readonly touches: ExactBook[] } => {
  const touches: ExactBook[] = []
  let id = 0
  return {
    touches,
    touched: (book) => void touches.push(book),
    nextUpdateId: () => ++id,
    depth: 1_000,
    snapshotDepth: Number.POSITIVE_INFINITY,
    ...change,
  }
}

const price = fc.integer({ min: 1, max: 60 }).map((ticks) => exact(ticks).div(4).toFixed(2))
const amount = fc.oneof(fc.constant('0'), fc.constant('0.000'), fc.bigInt({ min: 1n, max: 10n ** 20n }).map(String))
const change = fc.record({ side: fc.constantFrom('bids' as const, 'asks' as const), price, amount })
const message = fc.record({ changes: fc.array(change, { maxLength: 8 }), keep: fc.boolean() })

const rowsOf = (book: ExactBook) => ({
  bids: book.bids.map(([price, amount]) => [price, amount]),
  asks: book.asks.map(([price, amount]) => [price, amount]),
})

t.test('messages are applied whole or not at all, and levels are sorted and exact', async () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const book = new ExactBook(ownerOf())
      let model = { bids: new Map<number, string>(), asks: new Map<number, string>() }
      for (const { changes, keep } of messages) {
        const next = { bids: new Map(model.bids), asks: new Map(model.asks) }
        const id = book.updateId
        for (const { side, price, amount } of changes) {
          book[side].store(price, amount)
          if (Number(amount) === 0) next[side].delete(Number(price))
          else next[side].set(Number(price), amount)
        }
        if (keep) {
          book.commit()
          model = next
        } else {
          book.rollback()
          if (book.updateId !== id) return false
        }
        const sorted = (levels: Map<number, string>, sign: 1 | -1) =>
          [...levels].sort(([left], [right]) => sign * (left - right)).map(([key, value]) => [key.toFixed(2), value])
        const expected = { bids: sorted(model.bids, -1), asks: sorted(model.asks, 1) }
        if (JSON.stringify(rowsOf(book)) !== JSON.stringify(expected)) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
})

t.test('levels that readings share are those of the rows, and what was read stays as it was', async () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.integer({ min: 1, max: 70 }), (messages, depth) => {
      const book = new ExactBook(ownerOf())
      const view = bookView('A-B', book, '0.1')
      const readings: { readonly levels: unknown; readonly text: string }[] = []
      for (const { changes, keep } of messages) {
        for (const { side, price, amount } of changes) book[side].store(price, amount)
        if (keep) book.commit()
        else book.rollback()
        for (const side of ['bids', 'asks'] as const) {
          const levels = view.side(side, depth)
          const rows = book[side].slice(0, depth).map(([price, amount]) => ({
            price: plain(price),
            amount: exact(amount).times('0.1').toFixed(),
          }))
          if (JSON.stringify(levels) !== JSON.stringify(rows)) return false
          readings.push({ levels, text: JSON.stringify(levels) })
        }
      }
      return readings.every(({ levels, text }) => JSON.stringify(levels) === text)
    }),
    { numRuns: 300 },
  )
})

t.test('a rollback takes a reset back too', async (t) => {
  const book = new ExactBook(ownerOf({ snapshotDepth: 2 }))
  book.reset({
    nonce: 5,
    timestamp: 50,
    symbol: 'A/B',
    bids: [['2', '1']],
    asks: [
      ['3', '1'],
      ['4', '1'],
    ],
  }) // prettier-ignore
  book.commit()
  const { updateId } = book
  book.reset({ nonce: 9, timestamp: 90, bids: [['7', '1']], asks: [['8', '1']] })
  book.rollback()
  t.same(rowsOf(book), {
    bids: [['2', '1']],
    asks: [
      ['3', '1'],
      ['4', '1'],
    ],
  }) // prettier-ignore
  t.match(book, { nonce: 5, timestamp: 50, symbol: 'A/B', updateId })
  t.equal(book.asks.horizon, 4)
})

t.test('an older snapshot does not turn time back', async (t) => {
  const book = new ExactBook(ownerOf())
  book.reset({ nonce: 9, bids: [['7', '1']], asks: [] })
  book.reset({ nonce: 8, bids: [['6', '1']], asks: [] })
  t.same(rowsOf(book).bids, [['7', '1']])
})

t.test('what lies deeper than a cut-off snapshot is unknown', async (t) => {
  const owner = ownerOf({ snapshotDepth: 3 })
  const book = new ExactBook(owner)
  book.reset({
    nonce: 1,
    bids: [
      ['9', '1'],
      ['8', '1'],
      ['7', '1'],
    ],
    asks: [['10', '1']],
  }) // prettier-ignore
  book.bids.store('6', '1')
  book.bids.store('7.5', '1')
  book.asks.store('11', '1')
  t.same(
    rowsOf(book).bids.map(([price]) => price),
    ['9', '8', '7.5', '7'],
  )
  t.same(
    rowsOf(book).asks.map(([price]) => price),
    ['10', '11'],
    'a side that the snapshot told whole goes on',
  )
  t.ok(book.outrun, 'fewer levels than it takes are left of a side that was cut off')
  t.same(owner.touches, [book], 'told once until it is settled')
})

t.test('levels that are none are refused', async (t) => {
  const book = new ExactBook(ownerOf())
  const refused: readonly (readonly unknown[])[] = [
    ['NaN', '1'],
    ['1', 'abc'],
    ['-1', '1'],
    ['1', '-1'],
    ['Infinity', '1'],
    ['', '1'],
    [undefined, '1'],
    ['1', undefined],
    [{}, '1'],
    [],
  ]
  for (const row of refused) t.throws(() => book.bids.storeArray(row), UnreadableLevel, JSON.stringify(row))
  t.same(rowsOf(book).bids, [])
})

t.test('one number has one text', async (t) => {
  for (const [text, expected] of [
    ['1.50', '1.5'],
    ['100', '100'],
    ['0.000', '0'],
    ['1e-7', '0.0000001'],
    ['123456789012345678.120', '123456789012345678.12'],
  ] as const) {
    t.equal(plain(text), expected)
  }
})
