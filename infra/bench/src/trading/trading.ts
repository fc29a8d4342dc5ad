import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventSubject } from '@colibri/contracts'
import { openPostgresLog, POSITION_HEADER, rebuildProjection } from '@colibri/event-log'
import { startNats, startPostgres } from '@colibri/local'
import { startColibri } from '@colibri/system-tests'
import { projections } from '@colibri/trading'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers } from '@nats-io/transport-node'
import type pg from 'pg'
import { ask } from '../http-client.ts'
import { openPool } from '../open-pool.ts'
import type { Figure } from '../report.ts'
import { ORDERS, writeOrderHistory } from './order-history.ts'
import { measureSearch } from './search.ts'
import { measureThroughput } from './throughput.ts'

/** Orders under load on an empty system; then a system with a million orders in its past. */
export const measureTrading = async (orders = ORDERS): Promise<readonly Figure[]> => {
  const colibri = await startColibri()
  const throughput = await measureThroughput(colibri).finally(() => colibri.stop())
  return [...throughput, ...(await measureHistory(orders))]
}

export const measureHistory = async (orders = ORDERS): Promise<readonly Figure[]> => {
  const home = await mkdtemp(join(tmpdir(), 'colibri-bench-'))
  try {
    const rebuilt = await prepare(home, orders)
    const colibri = await startColibri({ home })
    try {
      await ready(colibri.url)
      return [...rebuilt, ...(await measureSearch(colibri))]
    } finally {
      await colibri.stop()
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Fills a home with a history, and measures how fast its read models are built from it. */
const prepare = async (home: string, orders: number): Promise<readonly Figure[]> => {
  const postgres = await startPostgres({ dir: join(home, 'postgres') })
  try {
    const pool = openPool(postgres.url, 4)
    const log = await openPostgresLog({ pool })
    const events = await writeOrderHistory(pool, orders)
    const figures: Figure[] = []
    for (const projection of projections) {
      const begin = performance.now()
      const rebuilt = await rebuildProjection(log, pool, projection, { schema: 'trading' })
      const rate = (rebuilt.events * 1000) / (performance.now() - begin)
      if (rebuilt.events === 0) continue
      const name = `rebuild of the read model ${projection.name}, ${rebuilt.events} events`
      figures.push({ name, value: rate, unit: 'events/s', target: { atLeast: 20_000 } })
    }
    if (figures.length === 0) throw new Error(`no read model takes any of ${events} events`)
    await pool.query('vacuum analyze')
    await copyNewest(home, pool)
    await log.close()
    await pool.end()
    return figures
  } finally {
    await postgres.stop()
  }
}

/** The relay goes on after the newest copy: with that one in the stream it need not copy a million orders first. */
const copyNewest = async (home: string, pool: pg.Pool): Promise<void> => {
  const log = await openPostgresLog({ pool })
  const end = await log.end()
  const { rows } = await pool.query<{ stream_id: string; version: number }>(
    'select stream_id, version from log.events order by transaction_id desc, sequence desc limit 1',
  )
  const [newest] = await log.read(rows[0]?.stream_id ?? '', rows[0]?.version)
  if (newest === undefined) throw new Error(`the log has nothing at ${end}`)
  const server = await startNats({ dir: join(home, 'nats') })
  const [user] = server.users
  const nats = await connect({ servers: server.url, user: user?.user ?? '', pass: user?.password ?? '' })
  try {
    const manager = await jetstreamManager(nats)
    await manager.streams.add({ name: 'EVENTS', subjects: ['events.>'], allow_direct: true })
    const header = headers()
    header.set('Nats-Msg-Id', newest.id)
    header.set(POSITION_HEADER, newest.position)
    await jetstream(nats).publish(eventSubject(newest.streamId, newest.type), JSON.stringify(newest), {
      headers: header,
    })
  } finally {
    await nats.close()
    await server.stop()
    await log.close()
  }
}

/** Every read model shows all of the history. */
const ready = async (url: string): Promise<void> => {
  const deadline = Date.now() + 600_000
  for (;;) {
    const { status } = await ask(`${url}/trading/orders/search`, login, { method: 'POST', body: '{}' })
    if (status === 200) return
    if (Date.now() > deadline) throw new Error(`search answers ${status} ten minutes after the start`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

const login = {
  authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}`,
  'content-type': 'application/json',
}
