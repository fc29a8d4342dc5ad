import t from 'tap'
import { VenueTooSlow } from './deadline.ts'
import { type CacheOptions, FreshCache } from './fresh-cache.ts'

const cacheAt = (clock: { time: number }, options: Partial<CacheOptions> = {}) => {
  const failures: string[] = []
  const cache = new FreshCache<string>({
    freshMs: 100,
    staleMs: 0,
    waitMs: 5_000,
    retryMs: 50,
    maxEntries: 10,
    now: () => clock.time,
    onFailure: (key, error) => failures.push(`${key}: ${error instanceof Error ? error.message : String(error)}`),
    ...options,
  })
  return { cache, failures }
}

/** A load that counts its calls and can be answered by hand. */
const venue = () => {
  const calls: { resolve: (value: string) => void; reject: (error: Error) => void }[] = []
  const load = () => new Promise<string>((resolve, reject) => calls.push({ resolve, reject }))
  return { calls, load }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

t.test('callers that ask at the same time share one call', async (t) => {
  const { cache } = cacheAt({ time: 1_000 })
  const { calls, load } = venue()
  const answers = [cache.read('a', load), cache.read('a', load), cache.read('a', load)]
  await turn()
  t.equal(calls.length, 1)
  calls[0]?.resolve('x')
  t.same(await Promise.all(answers), Array(3).fill({ value: 'x', time: 1_000 }))
})

t.test('a fresh value is served without a call, an old one is asked again', async (t) => {
  const clock = { time: 0 }
  const { cache } = cacheAt(clock)
  let count = 0
  const load = async () => `answer ${++count}`
  t.equal((await cache.read('a', load)).value, 'answer 1')
  clock.time = 99
  t.equal((await cache.read('a', load)).value, 'answer 1')
  clock.time = 100
  t.same(await cache.read('a', load), { value: 'answer 2', time: 100 })
})

t.test('a stale value is served at once and refreshed behind the reply', async (t) => {
  const clock = { time: 0 }
  const { cache, failures } = cacheAt(clock, { staleMs: 1_000 })
  const { calls, load } = venue()
  const first = cache.read('a', load)
  await turn()
  calls[0]?.resolve('old')
  await first
  clock.time = 500
  t.same(await cache.read('a', load), { value: 'old', time: 0 })
  await turn()
  t.equal(calls.length, 2)
  calls[1]?.reject(new Error('down'))
  await turn()
  t.same(failures, ['a: down'])
  t.same(await cache.read('a', load), { value: 'old', time: 0 }, 'a failed refresh keeps the old value')
  t.equal(calls.length, 2, 'and is not repeated before its time')
  clock.time = 560
  await cache.read('a', load)
  await turn()
  calls[2]?.resolve('new')
  await turn()
  t.same(await cache.read('a', load), { value: 'new', time: 560 })
})

t.test('a value beyond its stale time is never served', async (t) => {
  const clock = { time: 0 }
  const { cache } = cacheAt(clock, { staleMs: 1_000 })
  await cache.read('a', async () => 'old')
  clock.time = 1_000
  await t.rejects(
    cache.read('a', async () => {
      throw new Error('down')
    }),
    { message: 'down' },
  )
})

t.test('a failure is given to everybody for a while, without asking again', async (t) => {
  const clock = { time: 0 }
  const { cache } = cacheAt(clock)
  let calls = 0
  const load = async () => {
    calls += 1
    throw new Error('down')
  }
  await t.rejects(cache.read('a', load), { message: 'down' })
  clock.time = 49
  await t.rejects(cache.read('a', load), { message: 'down' })
  t.equal(calls, 1)
  clock.time = 50
  t.equal((await cache.read('a', async () => 'up again')).value, 'up again')
})

t.test('patience ends before the call does; the late answer serves the next caller', async (t) => {
  const { cache } = cacheAt({ time: 0 }, { waitMs: 10 })
  const { calls, load } = venue()
  await t.rejects(cache.read('a', load), VenueTooSlow)
  calls[0]?.resolve('late')
  await turn()
  t.equal((await cache.read('a', load)).value, 'late')
  t.equal(calls.length, 1)
})

t.test('a key that does not answer does not hold up another', async (t) => {
  const { cache } = cacheAt({ time: 0 })
  const slow = venue()
  const waiting = cache.read('slow', slow.load)
  t.equal((await cache.read('quick', async () => 'x')).value, 'x')
  slow.calls[0]?.resolve('y')
  t.equal((await waiting).value, 'y')
})

t.test('of several keys only those nobody has are asked, in one call', async (t) => {
  const { cache } = cacheAt({ time: 0 })
  const asked: (readonly string[])[] = []
  const load = async (missing: readonly string[]) => {
    asked.push(missing)
    return missing.map((key) => key.toUpperCase())
  }
  await cache.readAll(['a', 'b'], load)
  const values = await cache.readAll(['c', 'b', 'a', 'c'], load)
  t.same(asked, [['a', 'b'], ['c']])
  t.same(
    values.map(({ value }) => value),
    ['C', 'B', 'A', 'C'],
  )
})

t.test('a load that forgets a key fails for it and can be asked again', async (t) => {
  const clock = { time: 0 }
  const { cache } = cacheAt(clock)
  await t.rejects(
    cache.readAll(['a', 'b'], async () => ['only a']),
    { message: 'nothing was loaded for b' },
  )
  t.equal((await cache.read('a', async () => 'not asked')).value, 'only a')
  clock.time = 60
  t.equal((await cache.read('b', async () => 'b')).value, 'b')
})

t.test('it holds no more than it may, and what was used last', async (t) => {
  const { cache } = cacheAt({ time: 0 }, { maxEntries: 2 })
  const asked: string[] = []
  const read = (key: string) =>
    cache.read(key, async () => {
      asked.push(key)
      return key
    })
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await read(key)
  t.equal(cache.size, 2)
  t.same(asked, ['a', 'b', 'c', 'b'])
})
