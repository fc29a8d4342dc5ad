import { existsSync, readFileSync } from 'node:fs'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { Exact, findRate, pairTokens, quotient } from './find-rate.ts'
import { PriceTable } from './price-table.ts'

type Entry = readonly [tradingPair: string, price: string]

const tableOf = (entries: readonly Entry[]): PriceTable => {
  const table = new PriceTable()
  entries.forEach(([pair, price], index) => {
    table.update(new Map([[pair, new Exact(price)]]), index + 1)
  })
  return table
}
const rateIn = (entries: readonly Entry[], pair: string): string | undefined =>
  findRate(tableOf(entries).since(0), pair)?.value.toFixed()

t.test('1: the pair itself, before anything else', async (t) => {
  t.equal(
    rateIn(
      [
        ['BTC-USDT', '50000'],
        ['USDT-BTC', '1'],
      ],
      'BTC-USDT',
    ),
    '50000',
  )
  t.equal(
    rateIn(
      [
        ['BTC-USD', '49000'],
        ['BTC-USDT', '50000'],
      ],
      'BTC-USD',
    ),
    '49000',
    'before USD is taken for USDT',
  )
  t.equal(rateIn([['USDT-USDT', '7']], 'USDT-USDT'), '7', 'before equal tokens')
  t.equal(rateIn([['BTC-USDT', '0']], 'BTC-USDT'), '0', 'also at zero')
})

t.test('2 and 4: USD stands for USDT on both sides', async (t) => {
  t.equal(rateIn([['BTC-USDT', '50000']], 'BTC-USD'), '50000')
  t.equal(rateIn([['USDT-EUR', '0.9']], 'USD-EUR'), '0.9')
  t.equal(rateIn([['BTC-USDT', '50000']], 'BTC-USDC'), undefined, 'no other dollar does')
  t.equal(rateIn([['BTC-USD', '50000']], 'BTC-USDT'), undefined, 'and not the other way round')
})

t.test('3: equal tokens are worth each other', async (t) => {
  t.equal(rateIn([], 'BTC-BTC'), '1')
  t.equal(rateIn([], 'USD-USDT'), '1')
  t.same(findRate(tableOf([]).since(0), 'NEW-NEW'), { value: new Exact(1), time: null })
})

t.test('5: the reverse pair', async (t) => {
  t.equal(rateIn([['BTC-USDT', '50000']], 'USDT-BTC'), '0.00002')
  t.equal(rateIn([['BTC-USDT', '50000']], 'USD-BTC'), '0.00002')
  t.equal(rateIn([['BTC-USDT', '0']], 'USDT-BTC'), undefined, 'not at zero')
})

t.test('6: one link, from a market of the base', async (t) => {
  t.equal(
    rateIn(
      [
        ['ETH-BTC', '0.05'],
        ['BTC-USDT', '50000'],
      ],
      'ETH-USDT',
    ),
    '2500',
    'onward',
  )
  t.equal(
    rateIn(
      [
        ['ETH-USDT', '2500'],
        ['BTC-USDT', '50000'],
      ],
      'ETH-BTC',
    ),
    '0.05',
    'back',
  )
  t.equal(
    rateIn(
      [
        ['ETH-USDT', '2500'],
        ['BTC-USDT', '0'],
      ],
      'ETH-BTC',
    ),
    undefined,
    'not back through zero',
  )
  const two: Entry[] = [
    ['ETH-BTC', '0.05'],
    ['ETH-BNB', '4'],
    ['BTC-USDT', '50000'],
    ['BNB-USDT', '600'],
  ]
  t.equal(rateIn(two, 'ETH-USDT'), '2500', 'the market that became known first')
  t.equal(rateIn([two[1] ?? ['', ''], ...two], 'ETH-USDT'), '2400')
  t.equal(
    rateIn(
      [
        ['ETH-BTC', '0.05'],
        ['ETH-BNB', '4'],
        ['BNB-USDT', '600'],
      ],
      'ETH-USDT',
    ),
    '2400',
    'or the one that leads on',
  )
  const preferred: Entry[] = [
    ['ETH-BTC', '0.05'],
    ['BTC-USDT', '50000'],
    ['USDT-BTC', '1'],
  ]
  t.equal(rateIn(preferred, 'ETH-USDT'), '2500', 'onward before back')
})

t.test('7: nothing else', async (t) => {
  t.equal(
    rateIn(
      [
        ['USDT-ETH', '0.0004'],
        ['USDT-BTC', '0.00002'],
      ],
      'ETH-BTC',
    ),
    undefined,
    'no market quoted in the base',
  )
  t.equal(
    rateIn(
      [
        ['A-B', '2'],
        ['B-C', '3'],
        ['C-D', '4'],
      ],
      'A-D',
    ),
    undefined,
    'no second link',
  )
  for (const pair of ['', '-', 'BTC', 'BTC-', '-USDT', 'A-B-C', 'BTC USDT', 'BTC -USDT']) {
    t.equal(rateIn([['BTC-USDT', '50000']], pair), undefined, `malformed: ${JSON.stringify(pair)}`)
  }
})

t.test('a rate is as old as the oldest price in it', async (t) => {
  const known = tableOf([
    ['ETH-BTC', '0.05'],
    ['BTC-USDT', '50000'],
  ]).since(0)
  t.equal(findRate(known, 'BTC-USDT')?.time, 2)
  t.equal(findRate(known, 'USDT-BTC')?.time, 2)
  t.equal(findRate(known, 'ETH-USDT')?.time, 1)
})

t.test('prices that are too old are not there', async (t) => {
  const table = tableOf([
    ['ETH-BTC', '0.05'],
    ['BTC-USDT', '50000'],
  ])
  t.equal(findRate(table.since(2), 'ETH-USDT'), undefined)
  t.equal(findRate(table.since(2), 'BTC-USDT')?.value.toFixed(), '50000')
  table.update(new Map([['ETH-BTC', new Exact('0.06')]]), 2)
  t.equal(findRate(table.since(2), 'ETH-USDT')?.value.toFixed(), '3000')
  t.same([...table.all().keys()], ['ETH-BTC', 'BTC-USDT'], 'none is forgotten, none changes its place')
})

/** The rules word for word over a plain list. */
const byTheRules = (entries: readonly Entry[], asked: string): Decimal | undefined => {
  const known = (pair: string) => entries.find(([each]) => each === pair)?.[1]
  const direct = known(asked)
  if (direct !== undefined) return new Exact(direct)
  const [base, quote] = asked.split('-').map((token) => (token === 'USD' ? 'USDT' : token))
  if (base === quote) return new Exact(1)
  const normalised = known(`${base}-${quote}`)
  if (normalised !== undefined) return new Exact(normalised)
  const reverse = known(`${quote}-${base}`)
  if (reverse !== undefined && Number(reverse) > 0) return quotient(1, new Exact(reverse))
  for (const [pair, price] of entries) {
    if (!pair.startsWith(`${base}-`)) continue
    const link = pair.slice(`${base}-`.length)
    const onward = known(`${link}-${quote}`)
    if (onward !== undefined) return new Exact(price).times(onward)
    const back = known(`${quote}-${link}`)
    if (back !== undefined && Number(back) > 0) return quotient(price, new Exact(back))
  }
  return undefined
}

const token = fc.constantFrom('BTC', 'ETH', 'USD', 'USDT', 'EUR', 'BT')
const pair = fc.tuple(token, token).map(([base, quote]) => `${base}-${quote}`)
const price = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 0, max: 12 }))
  .map(([digits, shift]) => new Exact(digits.toString()).div(new Exact(10).pow(shift)).toFixed())
const entries = fc
  .array(fc.tuple(pair, price), { maxLength: 14 })
  .map((all) => all.filter(([each], index) => all.findIndex(([other]) => other === each) === index))

t.test('any prices, any pair: what the rules say', async () => {
  fc.assert(
    fc.property(entries, pair, (known, asked) => rateIn(known, asked) === byTheRules(known, asked)?.toFixed()),
    { numRuns: 3_000 },
  )
})

t.test('products are exact', async () => {
  fc.assert(
    fc.property(price, price, (first, second) => {
      const rate = findRate(
        tableOf([
          ['A-B', first],
          ['B-C', second],
        ]).since(0),
        'A-C',
      )
      return rate?.value.eq(Decimal.clone({ precision: 200 }).mul(first, second)) === true
    }),
  )
})

t.test('quotients keep 28 digits', async (t) => {
  t.equal(rateIn([['A-B', '3']], 'B-A'), '0.3333333333333333333333333333')
  t.equal(quotient('2', new Exact('0.7')).toFixed(), '2.857142857142857142857142857')
})

t.test('a pair is two tokens', async (t) => {
  t.same(pairTokens('BTC-USDT'), { base: 'BTC', quote: 'USDT' })
  fc.assert(fc.property(fc.string(), (text) => (pairTokens(text) === undefined) !== /^[^\s-]+-[^\s-]+$/.test(text)))
})

const recordings = new URL('../../../../../shared/contract/recordings/http.jsonl', import.meta.url)
const recording = z.object({
  request: z.object({ path: z.string() }),
  response: z.object({ status: z.number(), json: z.unknown() }),
})
const recordedRate = z.object({ trading_pair: z.string(), rate: z.number().nullable() })
const recordedPrices = z.object({ prices: z.record(z.string(), z.number()) })

t.test('the recorded rates', { skip: existsSync(recordings) ? false : 'recordings are not here' }, async (t) => {
  const all = readFileSync(recordings, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"/rate-oracle/'))
    .map((line) => recording.parse(JSON.parse(line)))
  const prices = all.find(({ request }) => request.path === '/rate-oracle/prices')
  const known = Object.entries(recordedPrices.parse(prices?.response.json).prices).map(
    ([name, value]): Entry => [name, String(value)],
  )
  const rates = all.filter(({ request, response }) => /\/rate(-async)?\//.test(request.path) && response.status === 200)
  t.ok(rates.length >= 3)
  for (const { response } of rates) {
    const { trading_pair: asked, rate } = recordedRate.parse(response.json)
    t.equal(Number(rateIn(known, asked)), rate, asked)
  }
})
