import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresLog, type Projection, randomEventId, runProjection } from '@colibri/event-log'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { createMetrics, measureProjections } from './metrics.ts'

const projection: Projection = {
  name: 'notes',
  filter: { categories: ['note'] },
  tables: 'create table if not exists notes (id uuid primary key)',
  apply: async (events, client) => {
    for (const { id } of events) await client.query('insert into notes values ($1)', [id])
  },
}

t.test('the lag of a projection grows while its rows do not show the log, and is over when they do', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url })
  const log = await openPostgresLog({ pool })
  const running = await runProjection(log, pool, projection, { schema: 'probe' })
  t.teardown(async () => {
    await running.stop()
    await log.close()
    await pool.end()
  })
  const registry = createMetrics('probe', 'one')
  measureProjections(registry, [running])
  const metric = async (name: string): Promise<number> => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] }
    const [value] = values
    if (value?.labels.projection !== 'notes') throw new Error(`${name} is not there`)
    return value.value
  }
  const lag = () => metric('colibri_projection_lag_seconds')
  const write = async (): Promise<string> => {
    const id = randomEventId()
    const metadata = { actor: 'test', correlationId: id, causationId: id, time: Date.now() }
    return (await log.append(`note-${id}`, [{ id, type: 'Noted', schemaVersion: 1, data: {}, metadata }], 'none'))
      .position
  }

  const first = await write()
  await running.waitFor(first, 10_000)
  while ((await lag()) > 0) await sleep(5)
  t.equal(await metric('colibri_projection_position'), Number(first.split('/')[1]))

  const blocker = await pool.connect()
  await blocker.query('begin')
  // A lock that takes no transaction id: readers of the log wait for older transactions, and would not even see the event.
  await blocker.query('lock table probe.notes in share mode')
  const second = await write()
  let last = 0
  for (let grown = 0; grown < 3; ) {
    const now = await lag()
    if (now > last) grown += 1
    last = now
    await sleep(5)
  }
  t.equal(await metric('colibri_projection_position'), Number(first.split('/')[1]))

  await blocker.query('commit')
  blocker.release()
  await running.waitFor(second, 10_000)
  while ((await lag()) > 0) await sleep(5)
  t.equal(await metric('colibri_projection_position'), Number(second.split('/')[1]))
})
