import t from 'tap'
import { afterAnswer, afterRefusal, isPaused, openStanding } from './venue-standing.ts'

const minute = 60_000
const now = 1_000_000_000

t.test('a pause lasts as long as the venue says', async (t) => {
  const paused = afterRefusal(openStanding, { kind: 'throttled', until: now + 7_000 }, now)
  t.same(paused, { kind: 'throttled', until: now + 7_000, strikes: 1 })
  t.ok(isPaused(paused, now + 6_999))
  t.notOk(isPaused(paused, now + 7_000))
  t.equal(
    afterRefusal(paused, { kind: 'throttled', until: now + 7_500 }, now + 500),
    paused,
    'the reply to a request that was under way changes nothing',
  )
  t.equal(afterRefusal(paused, { kind: 'throttled', until: null }, now + 500), paused)
  t.same(afterRefusal(paused, { kind: 'throttled', until: now + 60_000 }, now + 500).until, now + 60_000)
})

t.test('without a word of the venue each pause is twice as long, up to a limit, and forgiven in time', async (t) => {
  const lengths = (kind: 'throttled' | 'banned', times: number) => {
    let standing = openStanding
    let time = now
    return Array.from({ length: times }, () => {
      standing = afterRefusal(standing, { kind, until: null }, time)
      const length = standing.until - time
      time = standing.until
      return length
    })
  }
  t.same(lengths('throttled', 4), [1_000, 2_000, 4_000, 8_000])
  t.same(lengths('banned', 3), [2 * minute, 4 * minute, 8 * minute])
  t.equal(lengths('throttled', 30).at(-1), 5 * minute)
  t.equal(lengths('banned', 30).at(-1), 72 * 60 * minute)

  const twice = { kind: 'open', until: now, strikes: 5 } as const
  t.equal(afterRefusal(twice, { kind: 'throttled', until: null }, now + minute).strikes, 6)
  t.equal(afterRefusal(twice, { kind: 'throttled', until: null }, now + 11 * minute).strikes, 1)
})

t.test('a ban outweighs a pause', async (t) => {
  const paused = afterRefusal(openStanding, { kind: 'throttled', until: now + 9_000 }, now)
  const banned = afterRefusal(paused, { kind: 'banned', until: now + 3_000 }, now + 1)
  t.same(banned, { kind: 'banned', until: now + 9_000, strikes: 1 })
  t.equal(afterRefusal(banned, { kind: 'throttled', until: now + minute }, now + 2), banned)
})

t.test('a nonsensical end is not believed', async (t) => {
  t.equal(afterRefusal(openStanding, { kind: 'throttled', until: now - 5 }, now).until, now + 1_000)
  const far = afterRefusal(openStanding, { kind: 'banned', until: now + 1e15 }, now)
  t.equal(far.until, now + 7 * 24 * 60 * minute)
})

t.test('an answer after the pause opens the venue, one during it does not', async (t) => {
  const paused = afterRefusal(openStanding, { kind: 'throttled', until: now + 1_000 }, now)
  t.equal(afterAnswer(paused, now + 999), paused)
  t.same(afterAnswer(paused, now + 1_500), { kind: 'open', until: now + 1_500, strikes: 1 })
  t.equal(afterAnswer(openStanding, now), openStanding)
})
