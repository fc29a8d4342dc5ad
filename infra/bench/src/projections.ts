import { randomUUID } from 'node:crypto'
import { openPostgresLog, type Projection, runProjection } from '@colibri/event-log'
import { events } from './log-append.ts'
import { openPool } from './open-pool.ts'
import type { Figure } from './report.ts'

const EVENTS = 100_000

/** How fast a projection that writes one row an event catches up with a full log. */
export const measureProjections = async (url: string): Promise<readonly Figure[]> => {
  const pool = openPool(url, 8)
  const log = await openPostgresLog({ pool })
  let last = ''
  for (let written = 0; written < EVENTS; written += 500)
    last = (await log.append(`projected-${randomUUID()}`, events(500), 'none')).position
  const begin = performance.now()
  const running = await runProjection(log, pool, fills, { schema: 'bench' })
  await running.waitFor(last, 120_000)
  const seconds = (performance.now() - begin) / 1000
  await running.stop()
  await log.close()
  await pool.end()
  return [
    { name: 'projection, rows and checkpoint', value: EVENTS / seconds, unit: 'events/s', target: { atLeast: 20_000 } },
  ]
}

const fills: Projection = {
  name: 'bench_fills',
  filter: { categories: ['projected'] },
  tables: `create table if not exists fills (stream_id text, version integer, amount numeric, primary key (stream_id, version))`,
  apply: async (batch, client) => {
    await client.query({
      name: 'bench-fills',
      text: `insert into fills select * from unnest($1::text[], $2::integer[], $3::numeric[])`,
      values: [
        batch.map((event) => event.streamId),
        batch.map((event) => event.version),
        batch.map((event) => (event.data as { amount: string }).amount),
      ],
    })
  },
}
