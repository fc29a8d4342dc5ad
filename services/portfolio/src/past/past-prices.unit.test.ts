import t from 'tap'
import type { SeenPrice } from './past.queries.ts'
import { type AskClose, type PastPriceSources, pastPrices, pastTokenPrices } from './past-prices.ts'

const MINUTE = 60_000
const NOON = Date.UTC(2026, 0, 31, 12)

const sources = (
  traded: Readonly<Record<string, SeenPrice>>,
  snapshot: Readonly<Record<string, SeenPrice>>,
): PastPriceSources => ({
  traded: async () => new Map(Object.entries(traded)),
  snapshotPrices: async () => new Map(Object.entries(snapshot)),
})
const seen = (price: string, minutesAgo: number): SeenPrice => ({ price, time: NOON - minutesAgo * MINUTE })
const close: AskClose = async (connectorName, tradingPair, at) => `close of ${connectorName} ${tradingPair} at ${at}`
const never = (error: unknown): void => void t.error(error)

t.test('a market is worth what was newest within ten minutes, else its candle', async (t) => {
  const prices = (past: PastPriceSources, pair = 'BTC-USDT') =>
    pastPrices(past, close, never)('simulator', [pair], NOON).then((known) => known.get(pair))
  t.equal(await prices(sources({ 'BTC-USDT': seen('100', 3) }, { BTC: seen('99', 4) })), '100')
  t.equal(await prices(sources({ 'BTC-USDT': seen('100', 5) }, { BTC: seen('99', 4) })), '99')
  t.equal(await prices(sources({ 'BTC-USDT': seen('100', 10) }, {})), '100')
  t.equal(await prices(sources({ 'BTC-USDT': seen('100', 10.01) }, {})), `close of simulator BTC-USDT at ${NOON}`)
  t.equal(
    await prices(sources({}, { ETH: seen('2000', 1) }), 'ETH-BTC'),
    `close of simulator ETH-BTC at ${NOON}`,
    'a snapshot tells dollars alone',
  )
})

t.test('a token is worth what the snapshot or a later trade says, however old; dollars are worth one', async (t) => {
  const past = sources({ 'BTC-USDT': seen('100', 500) }, { BTC: seen('99', 600), ETH: seen('20', 600) })
  t.same(
    await pastTokenPrices(past, close, never)('simulator', ['BTC', 'ETH', 'USDC', 'BNB'], NOON),
    new Map([
      ['BTC', '100'],
      ['ETH', '20'],
      ['USDC', '1'],
      ['BNB', `close of simulator BNB-USDT at ${NOON}`],
    ]),
  )
})

t.test('what nobody can tell is absent, and the failure is reported', async (t) => {
  const failures: unknown[] = []
  const failing: AskClose = async () => {
    throw new Error('market-data is not running')
  }
  const report = (error: unknown): void => void failures.push(error)
  t.same(await pastPrices(sources({}, {}), failing, report)('simulator', ['BTC-USDT'], NOON), new Map())
  t.same(await pastTokenPrices(sources({}, {}), failing, report)('simulator', ['BTC'], NOON), new Map())
  t.match(failures, [{ message: 'market-data is not running' }, { message: 'market-data is not running' }])
})
