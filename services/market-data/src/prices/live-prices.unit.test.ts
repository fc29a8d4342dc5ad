import type { Ticker } from '@colibri/exchange'
import t from 'tap'
import type { FeedKey, FeedState, Feeds, FeedValues, OpenFeed } from '../feeds/feed.ts'
import { LivePrices } from './live-prices.ts'

const ticker = (last: string | null): Ticker => ({ tradingPair: 'A-B', bid: '1', ask: '3', last, time: 0 })

/** Tickers with the given state and last price; counts how often each pair is opened and let go. */
const tickers = (state: FeedState, last: string | null) => {
  const opened: string[] = []
  let held = 0
  const feeds: Pick<Feeds, 'open'> = {
    open: <K extends FeedKey>(key: K): OpenFeed<FeedValues[K['kind']]> => {
      opened.push(key.tradingPair)
      held++
      const update = { sequence: 1, time: 0, value: ticker(last) as FeedValues[K['kind']] }
      return {
        key,
        state: () => state,
        latest: () => (state === 'connecting' ? undefined : update),
        ready: async () => update,
        since: () => [],
        onUpdate: () => () => {},
        close: () => {
          held--
        },
      }
    },
  }
  return { live: new LivePrices(feeds), opened, held: () => held }
}

t.test('a pair has a live price once it is followed, and while its stream is live', async (t) => {
  const { live, opened, held } = tickers('live', '2')
  t.equal(live.last('simulator', 'A-B'), undefined)
  t.same(opened, [], 'a pair that nobody follows opens no stream')
  live.follow('simulator', 'A-B')
  t.equal(live.last('simulator', 'A-B'), '2')
  t.equal(live.last('other', 'A-B'), undefined)
  t.equal(held(), 0, 'every feed is let go')
})

t.test('what is old, unknown or missing is no price', async (t) => {
  for (const [state, last] of [
    ['stale', '2'],
    ['connecting', '2'],
    ['live', null],
  ] as const) {
    const { live } = tickers(state, last)
    live.follow('simulator', 'A-B')
    t.equal(live.last('simulator', 'A-B'), undefined, `${state}, ${last}`)
  }
})

t.test('only so many pairs are followed; the one asked for longest ago gives way', async (t) => {
  const { live } = tickers('live', '2')
  for (let n = 0; n < 100; n++) live.follow('simulator', `P${n}-B`)
  live.last('simulator', 'P0-B')
  live.follow('simulator', 'NEW-B')
  t.equal(live.last('simulator', 'P1-B'), undefined)
  t.equal(live.last('simulator', 'P0-B'), '2')
  t.equal(live.last('simulator', 'NEW-B'), '2')
})
