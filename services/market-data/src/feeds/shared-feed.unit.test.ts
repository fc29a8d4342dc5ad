import { UnknownPair } from '@colibri/exchange'
import t from 'tap'
import { FeedNotReady, type FeedUpdate } from './feed.ts'
import { SharedFeed, type SharedFeedOptions } from './shared-feed.ts'

const setup = (keeps: SharedFeedOptions['keeps'] = { changes: 3 }) => {
  const reported: unknown[] = []
  let released = 0
  const feed = new SharedFeed<string>({
    key: { kind: 'ticker', connectorName: 'simulator', tradingPair: 'BTC-USDT' },
    keeps,
    now: () => 1_000,
    asked: () => undefined,
    released: () => {
      released++
    },
    report: (error) => reported.push(error),
  })
  return { feed, reported, released: () => released }
}
const update = (sequence: number): FeedUpdate<string> => ({ sequence, time: 1, value: String(sequence) })

t.test('an update that is not newer is refused', (t) => {
  const { feed } = setup()
  t.ok(feed.accept(update(10), 0))
  t.notOk(feed.accept(update(10), 0))
  t.notOk(feed.accept(update(9), 8), 'of an owner that is none any more')
  t.equal(feed.latest?.sequence, 10)
  t.end()
})

t.test('since gives what came after, or nothing when some of it is not kept', (t) => {
  const { feed } = setup()
  const held = feed.open()
  t.equal(held.since(0), undefined)
  for (const sequence of [1, 2, 3, 4]) feed.accept(update(sequence), sequence - 1)
  const values = (sequence: number) => held.since(sequence)?.map(({ value }) => value)
  t.same(values(4), [])
  t.same(values(2), ['3', '4'])
  t.same(values(1), ['2', '3', '4'], 'the one before the oldest kept')
  t.equal(values(0), undefined)
  feed.accept(update(1_000_000), 4)
  t.same(values(4), ['1000000'], 'over a change of owner')
  feed.accept(update(1_000_009), 1_000_008)
  t.equal(values(1_000_000), undefined, 'something was missed between')
  t.same(values(1_000_008), ['1000009'])
  t.end()
})

t.test('of a state the newest is kept, for everybody who has missed nothing but what is over', (t) => {
  const { feed } = setup('state')
  const held = feed.open()
  const values = (sequence: number) => held.since(sequence)?.map(({ value }) => value)
  feed.accept(update(10), 0)
  t.same(values(10), [])
  t.equal(values(9), undefined, 'nothing is known of what was before')
  for (const sequence of [11, 12, 13]) feed.accept(update(sequence), sequence - 1)
  t.same(values(10), ['13'])
  t.same(values(12), ['13'])
  t.equal(values(14), undefined, 'of another feed')
  t.same(
    feed.kept().map(({ update: { sequence }, previous }) => [sequence, previous]),
    [[13, 10]],
    'one who begins here may resume whoever could be resumed here',
  )
  feed.accept(update(20), 19)
  t.equal(values(13), undefined, 'something was missed between')
  t.same(values(19), ['20'])
  feed.acceptKept([{ update: update(30), previous: 15 }])
  t.same(values(19), ['30'], 'the owner knows that nothing is missing')
  t.end()
})

t.test('who begins with what an owner kept gets the newest at once and the rest on demand', async (t) => {
  const { feed } = setup()
  const held = feed.open()
  const heard: string[] = []
  held.onUpdate(({ value }) => heard.push(value))
  const ready = held.ready(1_000)
  feed.acceptKept([1, 2, 3].map((sequence) => ({ update: update(sequence), previous: sequence - 1 })))
  t.equal((await ready).value, '3')
  t.same(heard, ['3'])
  t.equal(held.since(1)?.length, 2)
})

t.test('a listener that throws harms no other', (t) => {
  const { feed, reported } = setup()
  const held = feed.open()
  const heard: number[] = []
  held.onUpdate(() => {
    throw new Error('mine')
  })
  const end = held.onUpdate(({ sequence }) => heard.push(sequence))
  feed.accept(update(1), 0)
  end()
  feed.accept(update(2), 1)
  t.same(heard, [1])
  t.equal(reported.length, 2)
  t.end()
})

t.test('the state follows data, interruptions and the word of the owner', (t) => {
  const { feed } = setup()
  t.equal(feed.state, 'connecting')
  feed.interrupted()
  t.equal(feed.state, 'connecting', 'nothing was known that could be old')
  t.equal(feed.stateOfOwner('live', 5), 'behind')
  t.equal(feed.state, 'connecting')
  feed.accept(update(5), 4)
  t.equal(feed.state, 'live')
  t.equal(feed.stateOfOwner('stale', 5), 'complete')
  t.equal(feed.state, 'stale')
  t.equal(feed.stateOfOwner('live', 5), 'complete')
  t.equal(feed.state, 'live')
  t.equal(feed.stateOfOwner('connecting', 0), 'complete')
  t.equal(feed.state, 'stale', 'a new owner has nothing yet, but something is known here')
  t.end()
})

t.test('whoever waits is told of a failure, of the time, and of the first update', async (t) => {
  const { feed, released } = setup()
  const held = feed.open()
  const failing = t.rejects(held.ready(60_000), UnknownPair)
  feed.fail(new UnknownPair('none'))
  await failing
  await t.rejects(held.ready(60_000), UnknownPair, 'remembered')
  feed.clearFailure()
  await t.rejects(held.ready(1), FeedNotReady)
  const other = feed.open()
  held.close()
  held.close()
  t.equal(released(), 0, 'one still holds it')
  other.close()
  t.equal(released(), 1)
})
