import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { VenueUnavailable } from '../venue.ts'
import { type BudgetObserver, rateBudgets } from './rate-budgets.ts'
import type { Priority } from './rate-limit.ts'
import { memoryStore, type SharedStore, StoreAway } from './shared-store.ts'

const host = 'api.venue.test'

/** Several replicas on one memory, each of which can be cut off from it. */
const shared = () => {
  const memory = memoryStore()
  let updates = 0
  const replica = (replicas = 1) => {
    let away = false
    const listeners = new Set<() => void>()
    const store: SharedStore = {
      ...memory,
      cell: (key, schema, initial, changed) => {
        const cell = memory.cell(key, schema, initial, () => {
          if (away) return
          known = cell.state()
          changed()
        })
        let known = cell.state()
        return {
          state: () => known,
          update: async (decide) => {
            updates += 1
            await sleep(1)
            if (away) throw new StoreAway('the store is away')
            const result = await cell.update(decide)
            known = cell.state()
            return result
          },
        }
      },
      replicas: () => replicas,
      reach: () => (away ? 'alone' : 'shared'),
      onReturn: (listener) => void listeners.add(listener),
    }
    return {
      store,
      cut: () => {
        away = true
      },
      join: () => {
        away = false
        for (const listener of listeners) listener()
      },
    }
  }
  return { replica, updates: () => updates }
}

/** How many of `count` requests of one cost unit go out without a wait. */
const burst = async (
  budget: ReturnType<ReturnType<typeof rateBudgets>['of']>,
  count: number,
  priority: Priority = 'order',
): Promise<number> => {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => budget.take(1, priority, 0)))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && outcome.reason.name !== 'NotSent') throw outcome.reason
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length
}

const hundred = { intervalMs: 600, windowMs: 60_000 }

t.test('replicas share one budget, whoever asks first', async (t) => {
  const { replica, updates } = shared()
  const [one, two] = [replica(), replica()].map(({ store }) => rateBudgets({ store }).of(host, hundred))
  if (one === undefined || two === undefined) throw new Error('two replicas')
  const sent = (await burst(one, 70)) + (await burst(two, 70))
  t.ok(sent <= 100 && sent >= 96, `all but what the first holds in its lease: ${sent}`)
  t.equal(await burst(two, 1), 0, 'a request that would have to wait too long is refused at once')
  t.ok(updates() < 20, `most requests asked nobody: ${updates()} updates for 140 requests`)
  const other = rateBudgets({ store: replica().store, address: '203.0.113.7' }).of(host, hundred)
  t.equal(await burst(other, 10), 10, 'another address has a budget of its own')
})

t.test('one by one, requests cost an update for many of them', async (t) => {
  const { replica, updates } = shared()
  const budget = rateBudgets({ store: replica().store }).of(host, { intervalMs: 6, windowMs: 60_000 })
  for (let request = 0; request < 1_000; request += 1) await budget.take(1, 'data', 0)
  t.ok(updates() <= 20, `${updates()} updates for 1000 requests`)
})

t.test('public data leaves a reserve for accounts, and these one for orders', async (t) => {
  const { replica } = shared()
  const budget = rateBudgets({ store: replica().store }).of(host, hundred)
  t.equal(await burst(budget, 100, 'data'), 70)
  t.equal(await burst(budget, 100, 'account'), 20)
  t.equal(await burst(budget, 100, 'order'), 10)
})

t.test('an order overtakes data that waits for its turn', async (t) => {
  const budget = rateBudgets({ store: shared().replica().store }).of(host, { intervalMs: 20, windowMs: 200 })
  const done: string[] = []
  const take = (priority: Priority, name: string) => budget.take(1, priority, 5_000).then(() => done.push(name))
  await Promise.all(Array.from({ length: 10 }, () => budget.take(1, 'order', 0)))
  const waiting = [take('data', 'first data'), take('data', 'second data')]
  await sleep(20)
  await Promise.all([...waiting, take('order', 'order')])
  t.same(done, ['order', 'first data', 'second data'])
})

t.test('an order goes out while its charge is told, as long as there is plenty', async (t) => {
  const { store } = shared().replica()
  const held: (() => void)[] = []
  const slow: SharedStore = {
    ...store,
    cell: (key, schema, initial, changed) => {
      const cell = store.cell(key, schema, initial, changed)
      const update: typeof cell.update = async (decide) => {
        await new Promise<void>((resolve) => held.push(resolve))
        return cell.update(decide)
      }
      return { state: cell.state, update }
    },
  }
  const budget = rateBudgets({ store: slow }).of(host, hundred)
  await budget.take(1, 'order', 5_000)
  t.equal(held.length, 1, 'the charge is on its way')
  let second = 'waits'
  const next = budget.take(1, 'order', 5_000).then(() => (second = 'goes'))
  await sleep(20)
  t.equal(second, 'waits', 'one at a time')
  held[0]?.()
  await next
  t.equal(budget.pause(), null)

  const filled = rateBudgets({ store: shared().replica().store }).of(host, hundred)
  let sent = 0
  while ((await burst(filled, 1)) === 1) sent += 1
  t.ok(sent <= 100 && sent >= 96, `one by one too, orders fill the budget and no more: ${sent}`)
})

t.test('a waiter leaves when its patience ends, and holds up nobody', async (t) => {
  const budget = rateBudgets({ store: shared().replica().store }).of(host, { intervalMs: 100, windowMs: 1_000 })
  await burst(budget, 10)
  await t.rejects(budget.take(1, 'order', 50), { name: 'NotSent', message: /rate budget is used up for \d+ ms/ })
  await budget.take(1, 'order', 5_000)
})

t.test('what a lease left over is given back', async (t) => {
  const { replica } = shared()
  const limit = { intervalMs: 10, windowMs: 1_000 }
  const [one, two] = [replica(), replica()].map(({ store }) => rateBudgets({ store }).of(host, limit))
  await one?.take(1, 'order', 0)
  await sleep(150)
  t.equal(two === undefined ? 0 : await burst(two, 100), 99)
})

t.test('cut off from the others, each replica lives on its share of what was left', async (t) => {
  const { replica } = shared()
  const replicas = [replica(3), replica(3), replica(3)]
  const budgets = replicas.map(({ store }) => rateBudgets({ store }).of(host, hundred))
  const [first] = budgets
  if (first === undefined) throw new Error('three replicas')
  t.equal(await burst(first, 40), 40)
  for (const { cut } of replicas) cut()
  const alone = []
  for (const budget of budgets) alone.push(await burst(budget, 100))
  const sum = alone.reduce((total, sent) => total + sent, 0)
  t.ok(sum <= 60 && sum >= 57, `sixty were left for three: ${alone}`)

  for (const { join } of replicas) join()
  await sleep(20)
  t.equal(await burst(first, 100), 60 - sum, 'together again, they know what each has spent')
})

t.test('a refusal stops everybody at once, with the time it ends', async (t) => {
  const { replica } = shared()
  const changes: string[] = []
  const observer: BudgetObserver = {
    spent: () => undefined,
    held: () => undefined,
    changed: (_host, { kind }) => changes.push(kind),
  }
  const [one, two] = [replica(), replica()].map(({ store }) => rateBudgets({ store, observer }).of(host, null))
  if (one === undefined || two === undefined) throw new Error('two replicas')
  await two.take(1, 'data', 0)
  const until = Date.now() + 300
  await Promise.all([
    one.refused({ kind: 'banned', until }),
    one.refused({ kind: 'banned', until: until + 1 }),
    two.refused({ kind: 'banned', until }),
  ])
  for (const budget of [one, two]) {
    const refused = await budget.take(1, 'order', 5_000).then(
      () => undefined,
      (error: unknown) => error,
    )
    t.ok(refused instanceof VenueUnavailable)
    t.match(refused, { until, message: `has banned this address until ${new Date(until).toISOString()}` })
    t.same(budget.pause()?.kind, 'banned')
  }
  t.same(changes, ['banned'], 'three replies make one change')

  await sleep(310)
  t.equal(two.pause(), null)
  await one.answered()
  await two.answered()
  t.same(changes, ['banned', 'open'])
})

t.test('those who wait for their turn hear of a ban at once', async (t) => {
  const { replica } = shared()
  const [one, two] = [replica(), replica()].map(({ store }) =>
    rateBudgets({ store }).of(host, { intervalMs: 6_000, windowMs: 60_000 }),
  )
  if (one === undefined || two === undefined) throw new Error('two replicas')
  await burst(one, 10)
  const waiting = two.take(1, 'order', 120_000)
  await sleep(10)
  await one.refused({ kind: 'banned', until: Date.now() + 60_000 })
  await t.rejects(waiting, { name: 'VenueUnavailable' })
})

t.test('after a pause one request tries, and the others follow when it is answered', async (t) => {
  const budget = rateBudgets({ store: shared().replica().store }).of(host, null)
  await budget.refused({ kind: 'throttled', until: Date.now() + 20 })
  await sleep(30)
  const passed: string[] = []
  const takes = ['first', 'second', 'third'].map((name) => budget.take(1, 'data', 900).then(() => passed.push(name)))
  await sleep(50)
  t.same(passed, ['first'])
  await budget.answered()
  await Promise.all(takes)
  t.equal(passed.length, 3)
})

t.test('a refusal met alone is told when the others are back', async (t) => {
  const { replica } = shared()
  const [one, two] = [replica(), replica()]
  const mine = rateBudgets({ store: one.store }).of(host, null)
  const theirs = rateBudgets({ store: two.store }).of(host, null)
  one.cut()
  await mine.refused({ kind: 'banned', until: Date.now() + 60_000 })
  t.match(mine.pause(), { kind: 'banned' })
  t.equal(theirs.pause(), null)
  one.join()
  await sleep(20)
  t.match(theirs.pause(), { kind: 'banned' })
})
