import t from 'tap'
import { applyFill, type Book, emptyBook, type Fill, foldFills } from './book.ts'
import { bookOf, bookToText } from './book-text.ts'

let trades = 0
const fill = (tradeType: 'BUY' | 'SELL', amount: string, price: string, extra: Partial<Fill> = {}): Fill => {
  trades += 1
  return {
    venueTime: trades,
    tradeId: String(trades),
    clientOrderId: `CLB${trades}`,
    tradeType,
    price,
    amount,
    feeAmount: '0',
    feeCurrency: 'USDT',
    feeInQuote: '0',
    ...extra,
  }
}
const after = (...fills: Fill[]): Book => fills.reduce(applyFill, emptyBook)
const figures = (book: Book) => {
  const { position, cost, realised } = bookToText(book)
  return { position, cost, realised }
}

t.test('buying more raises the cost, selling realises against the average', async (t) => {
  const held = [fill('BUY', '1', '100'), fill('BUY', '3', '120')]
  t.same(figures(after(...held)), { position: '4', cost: '460', realised: '0' })
  t.same(figures(after(...held, fill('SELL', '1', '135'))), { position: '3', cost: '345', realised: '20' })
  t.same(figures(after(...held, fill('SELL', '4', '110'))), { position: '0', cost: '0', realised: '-20' })
})

t.test('a short is the same the other way round, and one fill may turn it', async (t) => {
  const short = [fill('SELL', '2', '50')]
  t.same(figures(after(...short)), { position: '-2', cost: '-100', realised: '0' })
  t.same(figures(after(...short, fill('BUY', '1', '40'))), { position: '-1', cost: '-50', realised: '10' })
  t.same(figures(after(...short, fill('BUY', '5', '40'))), { position: '3', cost: '120', realised: '20' })
})

t.test('what does not divide stays in the cost: a closed position has given back all of it', async (t) => {
  const thirds = [fill('BUY', '3', '1'), fill('BUY', '4', '1.1')]
  const [one, two, three] = [fill('SELL', '1', '2'), fill('SELL', '1', '2'), fill('SELL', '5', '2')]
  t.same(figures(after(...thirds, one)), {
    position: '6',
    cost: '6.342857142857142858',
    realised: '0.942857142857142858',
  })
  t.same(figures(after(...thirds, one, two, three)), { position: '0', cost: '0', realised: '6.6' })
})

t.test('fees are counted by currency, and in quote where their worth was known', async (t) => {
  const book = after(
    fill('BUY', '1', '100', { feeAmount: '0.001', feeCurrency: 'BTC', feeInQuote: '0.1' }),
    fill('SELL', '0.5', '100', { feeAmount: '0.05', feeCurrency: 'USDT', feeInQuote: '0.05' }),
    fill('SELL', '0.25', '100', { feeAmount: '0.0002', feeCurrency: 'BNB', feeInQuote: null }),
  )
  t.match(bookToText(book), {
    feesQuote: '0.15',
    fees: { BNB: '0.0002', BTC: '0.001', USDT: '0.05' },
    feesWithoutPrice: { BNB: '0.0002' },
    volumeBase: '1.75',
    volumeQuote: '175',
    fills: 3,
  })
  t.same(bookToText(bookOf(JSON.parse(JSON.stringify(bookToText(book))))), bookToText(book), 'as rows hold it')
})

t.test('fills count by the venue’s time, then by its trade number, then by order', async (t) => {
  const at = (venueTime: number, tradeId: string, clientOrderId = 'CLB1') =>
    fill('BUY', '1', '1', { venueTime, tradeId, clientOrderId })
  const sorted = [
    at(1, 'x'),
    at(2, '9'),
    at(2, '10'),
    at(2, '010a'),
    at(2, 'T5'),
    at(3, '1', 'CLB1'),
    at(3, '1', 'CLB2'),
  ]
  const shuffled = [6, 2, 4, 0, 3, 1, 5].flatMap((index) => sorted[index] ?? [])
  t.same(
    foldFills(emptyBook, [...shuffled, ...shuffled]).map((entry) => entry.fill),
    sorted,
  )
})
