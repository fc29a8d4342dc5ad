import { VenueUnavailable } from '@colibri/exchange'
import type { Decimal } from 'decimal.js'
import t from 'tap'
import { Exact } from './find-rate.ts'
import { RefreshedPrices } from './refreshed-prices.ts'

/** A source whose requests are answered by hand, on a clock that is moved by hand. */
const byHand = () => {
  const clock = { time: 1_000_000 }
  const requests: { resolve(prices: Record<string, string>): void; reject(error: Error): void }[] = []
  const outcomes: unknown[] = []
  const source = {
    name: 'test',
    refreshMs: 30_000,
    prices: () =>
      new Promise<ReadonlyMap<string, Decimal>>((resolve, reject) => {
        requests.push({
          resolve: (prices) =>
            resolve(new Map(Object.entries(prices).map(([pair, price]) => [pair, new Exact(price)]))),
          reject,
        })
      }),
  }
  const prices = new RefreshedPrices(source, 'USDT', {
    now: () => clock.time,
    elapsed: () => clock.time,
    random: () => 0.5,
    onLoad: (outcome) => outcomes.push('error' in outcome ? String(outcome.error) : outcome.count),
  })
  return { clock, requests, outcomes, prices }
}

const shown = (prices: RefreshedPrices) =>
  [...prices.table.all()].map(([pair, { value, time }]) => [pair, value.toFixed(), time])

t.test('everybody shares one request, and what it said for a second', async (t) => {
  const { clock, requests, outcomes, prices } = byHand()
  const all = Promise.all([prices.fetch(), prices.fetch(), prices.fetch()])
  t.equal(requests.length, 1)
  clock.time += 200
  requests[0]?.resolve({ 'BTC-USDT': '50000' })
  t.equal(new Set(await all).size, 1)
  await prices.firstAnswer
  t.same(shown(prices), [['BTC-USDT', '50000', 1_000_000]], 'as old as the question')
  clock.time += 999
  await prices.fetch()
  t.equal(requests.length, 1)
  clock.time += 1
  const next = prices.fetch()
  t.equal(requests.length, 2)
  requests[1]?.resolve({ 'ETH-USDT': '2500' })
  await next
  t.same(
    shown(prices),
    [
      ['BTC-USDT', '50000', 1_000_000],
      ['ETH-USDT', '2500', 1_001_200],
    ],
    'what is no longer listed stays, with its time',
  )
  t.same(outcomes, [1, 1])
})

t.test('a source that fails is left alone for longer each time, up to a minute', async (t) => {
  const { clock, requests, outcomes, prices } = byHand()
  const failed = async (asked: Promise<unknown>, message: string): Promise<void> => {
    requests.at(-1)?.reject(new Error(message))
    await t.rejects(asked, { message })
  }
  /** Asks twice a second until the source is asked again; until then everybody gets the old error. */
  const untilAskedAgain = async (message: string): Promise<{ pause: number; asked: Promise<unknown> }> => {
    const before = requests.length
    const from = clock.time
    for (;;) {
      clock.time += 500
      const asked = prices.fetch()
      if (requests.length > before) return { pause: clock.time - from, asked }
      await t.rejects(asked, { message })
    }
  }
  const pauses: number[] = []
  let asked: Promise<unknown> = prices.fetch()
  for (let failure = 1; failure <= 9; failure += 1) {
    await failed(asked, `failure ${failure}`)
    const next = await untilAskedAgain(`failure ${failure}`)
    pauses.push(next.pause)
    asked = next.asked
  }
  t.same(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  t.same(outcomes.slice(0, 2), ['Error: failure 1', 'Error: failure 2'])

  requests.at(-1)?.resolve({ 'BTC-USDT': '50000' })
  await asked
  clock.time += 1_000
  await failed(prices.fetch(), 'once more')
  t.equal((await untilAskedAgain('once more')).pause, 1_000, 'an answer makes up for all failures')
})

t.test('a source that says when it may be asked again is not asked before', async (t) => {
  const { clock, requests, prices } = byHand()
  const asked = prices.fetch()
  requests[0]?.reject(new VenueUnavailable('too fast', clock.time + 90_000))
  await t.rejects(asked, { message: 'too fast' })
  clock.time += 89_999
  await t.rejects(prices.fetch(), { message: 'too fast' })
  clock.time += 1
  const again = prices.fetch()
  t.equal(requests.length, 2)
  requests[1]?.resolve({})
  await again
})

t.test('who waits for the first answer does not wait for a second one', async (t) => {
  const { requests, prices } = byHand()
  const asked = prices.fetch()
  requests[0]?.reject(new Error('away'))
  await prices.firstAnswer
  await t.rejects(asked, { message: 'away' })
  t.same(shown(prices), [])

  const stopped = byHand().prices
  stopped.stop()
  await stopped.firstAnswer
  await stopped.run()
})
