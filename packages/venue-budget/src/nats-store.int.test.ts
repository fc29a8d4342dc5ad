import { setTimeout as sleep } from 'node:timers/promises'
import { VENUE_BUDGETS } from '@colibri/contracts'
import { testNats } from '@colibri/testkit'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { natsStore } from './nats-store.ts'

const count = z.object({ count: z.number() })

const system = async (t: Test) => {
  const nats = await testNats(t)
  const store = async (instanceId: string) => {
    const connection = await connect({ ...nats.options, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    const opened = await natsStore({
      nats: connection,
      instanceId,
      report: () => undefined,
      cutOff: () => undefined,
      settleMs: 300,
    })
    t.teardown(async () => {
      await opened.stop()
      await connection.close()
    })
    return { store: opened, connection }
  }
  return { nats, store }
}

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 500; tries += 1) {
    if (holds()) return
    await sleep(20)
  }
  throw new Error(`${what} did not come`)
}

const increment = ({ count }: { count: number }) => ({ next: { count: count + 1 }, result: count + 1 })

t.test('changes made at the same time are all made, and everybody sees them', async (t) => {
  const { store } = await system(t)
  const stores = [await store('one'), await store('two'), await store('three')]
  let changes = 0
  const cells = stores.map(({ store }) => store.cell('a.b', count, { count: 0 }, () => (changes += 1)))
  for (let round = 0; round < 20; round += 1) await Promise.all(cells.map((cell) => cell.update(increment)))
  await until('the last change', () => cells.every((cell) => cell.state().count === 60))
  t.ok(changes >= 60, 'each change is told')
  await until('all replicas', () => stores.every(({ store }) => store.replicas() === 3))
  await stores[2]?.store.stop()
  await until('a replica that left', () => stores.slice(0, 2).every(({ store }) => store.replicas() === 2))
})

t.test(
  'while the server is away a change is refused in bounded time; afterwards what was stored is there',
  async (t) => {
    const { nats, store } = await system(t)
    const { store: one } = await store('one')
    const { store: two } = await store('two')
    const [mine, theirs] = [one, two].map((store) => store.cell('a.b', count, { count: 0 }, () => undefined))
    if (mine === undefined || theirs === undefined) throw new Error('two cells')
    await mine.update(increment)
    await until('both replicas', () => one.replicas() === 2 && two.replicas() === 2)
    let returns = 0
    one.onReturn(() => (returns += 1))
    await nats.kill()
    await t.rejects(mine.update(increment), { name: 'StoreAway' })
    t.equal(one.reach(), 'alone')
    t.equal(one.replicas(), 2, 'the others are away, not gone')
    t.same(mine.state(), { count: 1 }, 'the last known state stays')
    await nats.restart()
    await until('the return', () => one.reach() === 'shared' && two.reach() === 'shared')
    t.ok(returns >= 1)
    t.equal(await mine.update(increment), 2)
    await until('the change at the other', () => theirs.state().count === 2)
  },
)

t.test('a server that lost the bucket gets back what the replicas know', async (t) => {
  const { store } = await system(t)
  const { store: one, connection } = await store('one')
  const { store: two } = await store('two')
  const mine = one.cell('a.b', count, { count: 0 }, () => undefined)
  const theirs = two.cell('a.b', count, { count: 0 }, () => undefined)
  for (let change = 0; change < 5; change += 1) await mine.update(increment)
  await until('the changes', () => theirs.state().count === 5)
  await (await jetstreamManager(connection)).streams.delete(`KV_${VENUE_BUDGETS}`)
  await t.rejects(mine.update(increment), { name: 'StoreAway' })
  await until('the return', () => one.reach() === 'shared')
  t.equal(await mine.update(increment), 6)
  const { store: three } = await store('three')
  const fresh = three.cell('a.b', count, { count: 0 }, () => undefined)
  await until('the state at a newcomer', () => fresh.state().count === 6)
})

t.test('the clock is the server’s, whatever a replica’s own clock says', async (t) => {
  const { store } = await system(t)
  const wall = Date.now
  Date.now = () => wall() + 3_600_000
  t.teardown(async () => {
    Date.now = wall
  })
  const { store: one } = await store('one')
  const off = one.now() - wall()
  t.ok(Math.abs(off) < 1_000, `an hour ahead is seen through: ${off}`)
})
