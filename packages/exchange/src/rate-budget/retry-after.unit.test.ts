import t from 'tap'
import { refusalOf, retryAfter } from './retry-after.ts'

const now = Date.UTC(2026, 0, 1, 12, 0, 0)
const at = (seconds: number) => new Date(now + seconds * 1_000).toUTCString()

t.test('the end of a pause as venues tell it', async (t) => {
  t.equal(retryAfter({ 'Retry-After': '7' }, '', now), now + 7_000)
  t.equal(retryAfter({ 'retry-after': ' 0.5 ' }, '', now), now + 500)
  t.equal(retryAfter({ 'Retry-After': at(90) }, '', now), now + 90_000)
  t.equal(
    retryAfter({ 'Retry-After': at(3_690), Date: at(3_600) }, '', now),
    now + 90_000,
    'a venue whose clock is an hour ahead means the same ninety seconds',
  )
  t.equal(retryAfter({}, `IP banned until ${now + 5_000}. Please use…`, now), now + 5_000)
  t.equal(
    retryAfter({ 'Retry-After': '2' }, `banned until ${now + 5_000}.`, now),
    now + 5_000,
    'the later one of two counts',
  )
  for (const headers of [{}, undefined, { 'Retry-After': 'soon' }, { 'Retry-After': '-3' }, { 'Retry-After': '' }]) {
    t.equal(retryAfter(headers, 'slow down', now), null)
  }
})

class RateLimitExceeded extends Error {}

t.test('what is a refusal', async (t) => {
  const reply = (status: number) => ({ status, headers: { 'Retry-After': '3' }, body: '' })
  t.same(refusalOf(reply(429), undefined, now), { kind: 'throttled', until: now + 3_000 })
  t.same(refusalOf(reply(418), undefined, now), { kind: 'banned', until: now + 3_000 })
  t.same(refusalOf(reply(200), new RateLimitExceeded('10006'), now), { kind: 'throttled', until: now + 3_000 })
  t.equal(refusalOf(reply(400), new Error('-2010'), now), undefined)
  t.equal(refusalOf(reply(503), undefined, now), undefined)
})
