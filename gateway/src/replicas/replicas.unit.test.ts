import t from 'tap'
import { createReplicas } from './replicas.ts'

const said = { service: 'trading', instanceId: 'one', url: 'http://127.0.0.1:1', state: 'ready' } as const

/** How many ticks a replica may be silent that has spoken for so many. */
const patience = (spoken: number): number => {
  const replicas = createReplicas(() => undefined)
  replicas.announced(said)
  for (let tick = 0; tick < spoken; tick += 1) {
    replicas.tick()
    replicas.announced(said)
  }
  let silent = 0
  for (; replicas.choose('trading') !== undefined; silent += 1) replicas.tick()
  return silent
}

t.test('a silent replica is forgotten, a young one later', async (t) => {
  t.equal(patience(0), 16)
  t.equal(patience(19), 16)
  t.equal(patience(20), 6)
  t.equal(patience(1_000), 6)
})

t.test('a stalled edge begins to count again', async (t) => {
  const replicas = createReplicas(() => undefined)
  replicas.announced(said)
  for (let tick = 0; tick < 100; tick += 1) {
    replicas.tick()
    replicas.forgive()
  }
  t.equal(replicas.readyCount('trading'), 1)
})
