import type { Subscription } from '@nats-io/nats-core'
import t from 'tap'
import { createMarketSnapshots, type MarketSnapshotsDeps } from './market-snapshots.ts'

const START = 1_760_000_000_000
type Callback = NonNullable<NonNullable<Parameters<MarketSnapshotsDeps['nats']['subscribe']>[1]>['callback']>

const world = (price: string | null = '50000') => {
  const heard = new Map<string, Callback>()
  const asked: unknown[] = []
  let now = START
  const work: Promise<unknown>[] = []
  const snapshots = createMarketSnapshots({
    nats: {
      subscribe: (subject, options) => {
        if (options?.callback !== undefined) heard.set(subject, options.callback)
        return { unsubscribe: () => void heard.delete(subject) } as Subscription
      },
    },
    call: async (_service, _operation, request, schema) => {
      asked.push(request)
      if (price === null) throw new Error('market-data is away')
      return schema.parse({ prices: { 'BTC-USDT': price }, time: now })
    },
    now: () => now,
    background: (_name, done) => void work.push(done),
  })
  return {
    of: (pair = 'BTC-USDT') => snapshots.of('simulator', pair),
    close: () => snapshots.close(),
    heard,
    asked,
    settle: () => Promise.all(work),
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    say: (message: unknown, pair = 'BTC-USDT') => {
      const data = new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message))
      heard.get(`market.simulator.${pair}.ticker`)?.(null, { data } as Parameters<Callback>[1])
    },
  }
}
const header = {
  connector: 'simulator',
  tradingPair: 'BTC-USDT',
  owner: 'a',
  term: 1,
  sequence: 2,
  previous: 1,
  time: START,
}
const ticker = (time: number) => ({
  ...header,
  type: 'update',
  value: { tradingPair: 'BTC-USDT', bid: '49990', ask: '50010', last: '50001', time },
})

t.test('the first order of a market knows nothing and waits for nothing; the next one knows', async (t) => {
  const market = world()
  t.equal(market.of(), null)
  await market.settle()
  t.same(market.of(), { bid: null, ask: null, last: '50000', time: START })
  t.equal(market.asked.length, 1, 'asked once, not for every order')
  market.pass(30_000)
  t.ok(market.of())
  t.equal(market.asked.length, 2)
})

t.test('tickers that are published anyway are heard', async (t) => {
  const market = world()
  market.of()
  await market.settle()
  market.say(ticker(START + 5))
  const known = { bid: '49990', ask: '50010', last: '50001', time: START + 5 }
  t.same(market.of(), known)
  market.say({ ...header, type: 'state', state: 'live', reason: null })
  market.say('not json')
  t.same(market.of(), known, 'what is no price changes nothing')
})

t.test('old prices say nothing', async (t) => {
  const market = world(null)
  market.of()
  market.say(ticker(START))
  market.pass(60_000)
  t.ok(market.of())
  market.pass(1)
  t.equal(market.of(), null)
  await t.resolves(market.settle(), 'a market-data that is away is no error')
})

t.test('the markets of the newest orders are followed', async (t) => {
  const market = world()
  for (let index = 0; index < 60; index += 1) {
    market.of(`T${index}-USDT`)
    market.of('BTC-USDT')
  }
  t.equal(market.heard.size, 50)
  t.ok(market.heard.has('market.simulator.BTC-USDT.ticker'))
  t.notOk(market.heard.has('market.simulator.T0-USDT.ticker'))
  market.close()
  t.equal(market.heard.size, 0)
})
