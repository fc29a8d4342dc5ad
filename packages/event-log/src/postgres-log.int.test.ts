import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { testPostgres } from '@colibri/testkit'
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import {
  comparePositions,
  type EventLog,
  LogUnavailable,
  type Position,
  type RecordedEvent,
  START,
  VersionConflict,
} from './event-log.ts'
import type { Fence } from './fence.ts'
import { openLeases } from './postgres-leases.ts'
import { openPostgresLog } from './postgres-log.ts'
import { newEvent, testEventLog } from './testing/index.ts'
import { verifyLog } from './verify-log.ts'

const postgres = await testPostgres(t)
const pool = new pg.Pool({ connectionString: postgres.url, max: 20 })
pool.on('error', () => {})
const log = await openPostgresLog({ pool, unavailableAfterMs: 500 })
t.teardown(async () => {
  await log.close()
  await pool.end()
})

const readToEnd = async (from: Position): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = []
  for (let position = from; ; ) {
    const page = await log.readAll(position)
    events.push(...page.events)
    if (page.atEnd && !page.pending) return events
    position = page.position
  }
}
const endOfLog = async (): Promise<Position> => (await readToEnd(START)).at(-1)?.position ?? START

/** Another process takes the lease: the session of the one before has ended. */
const taking = async (lease: string): Promise<Fence> => {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    const leases = await openLeases(client, { id: randomUUID(), address: 'http://127.0.0.1:1', ttlMs: 60_000 })
    for (;;) {
      const taken = await leases.take(lease)
      if (taken !== undefined) return { lease, token: taken.token }
      await setTimeout(5)
    }
  } finally {
    await client.end()
  }
}
await testEventLog(t, 'Postgres', async () => log, taking)

await t.test('a lease has one owner, until its time is over or its session ends', async (t) => {
  const [lease, replica] = [`a lease ${randomUUID()}`, `a replica ${randomUUID()}`]
  const owner = async (id: string, ttlMs: number) => {
    const client = new pg.Client({ connectionString: postgres.url })
    client.on('error', () => {})
    await client.connect()
    t.teardown(() => client.end())
    return { client, leases: await openLeases(client, { id, address: `http://${id}`, ttlMs }) }
  }
  const [first, second, third] = await Promise.all([owner('first', 60_000), owner('second', 1), owner('third', 60_000)])
  const holder = async () => (await third.leases.renew(lease))[0]
  t.same(await first.leases.take(lease), { token: 1, formerMs: null })
  t.equal(await second.leases.take(lease), undefined)
  t.same(await first.leases.take(lease), { token: 1, formerMs: null }, 'who has it keeps its token')
  t.match(await holder(), { name: lease, token: 1, owner: 'first', address: 'http://first', held: true })

  await second.leases.release(lease, 1)
  t.match(await holder(), { owner: 'first' }, 'nobody gives away what another has')
  await first.leases.release(lease, 1)
  t.match(await holder(), { owner: null, held: false })
  t.same(await second.leases.take(lease), { token: 2, formerMs: null }, 'given back: nobody believes to hold it')

  const lapsed = await (async () => {
    for (;;) {
      const taken = await first.leases.take(lease)
      if (taken !== undefined) return taken
    }
  })()
  t.same(lapsed, { token: 3, formerMs: 0 }, 'its time was over')
  await second.leases.renew(lease)
  t.match(await holder(), { owner: 'first', token: 3 }, 'who comes back late has lost it')

  await first.leases.take(replica)
  await first.client.end()
  const ended = await (async () => {
    for (;;) {
      const taken = await third.leases.take(lease)
      if (taken !== undefined) return taken
      await setTimeout(5)
    }
  })()
  t.equal(ended.token, 4, 'its session has ended')
  t.ok(
    ended.formerMs !== null && ended.formerMs > 1_000 && ended.formerMs <= 60_000,
    'but the process may live, and believe to hold it',
  )
  await third.leases.forget([lease, replica])
  t.match(await holder(), { owner: 'third' }, 'what is held is not forgotten')
  t.same(await third.leases.renew(replica), [])
})

await t.test('many openers migrate one database', async (t) => {
  const name = `fresh_${randomUUID().replaceAll('-', '')}`
  await pool.query(`create database ${name}`)
  const url = new URL(postgres.url)
  url.pathname = `/${name}`
  const logs = await Promise.all(Array.from({ length: 6 }, () => openPostgresLog({ url: url.href })))
  t.equal((await logs[0]?.append('a-1', [newEvent()], 'none'))?.version, 0)
  t.equal((await logs[5]?.read('a-1'))?.length, 1)
  await Promise.all(logs.map((each) => each.close()))
})

await t.test('concurrent writers: nothing lost, no gap, exactly one winner per version', async (t) => {
  const writer = fc.record({
    expected: fc.constantFrom('any' as const, 'seen' as const),
    batches: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(writer, { minLength: 2, maxLength: 8 }), async (writers) => {
      const stream = `race-${randomUUID()}`
      const acknowledged: { id: string; version: number }[] = []
      const appendSeen = async (events: ReturnType<typeof newEvent>[]) => {
        for (;;) {
          const last = (await log.read(stream)).at(-1)
          try {
            return await log.append(stream, events, last?.version ?? 'none')
          } catch (error) {
            if (!(error instanceof VersionConflict)) throw error
          }
        }
      }
      await Promise.all(
        writers.map(async ({ expected, batches }) => {
          for (const size of batches) {
            const events = Array.from({ length: size }, () => newEvent())
            const { version } = await (expected === 'any' ? log.append(stream, events, 'any') : appendSeen(events))
            for (const [index, { id }] of events.entries())
              acknowledged.push({ id, version: version - size + 1 + index })
          }
        }),
      )
      const stored = (await log.read(stream)).map(({ id, version }) => ({ id, version }))
      t.same(
        stored.map(({ version }) => version),
        stored.map((_, index) => index),
      )
      t.same(
        stored,
        acknowledged.sort((a, b) => a.version - b.version),
      )
    }),
    { numRuns: 20 },
  )
})

/** An event written in a transaction of the test's own, which it keeps open. */
const insertSlowly = (client: pg.ClientBase, stream: string) =>
  client.query(
    `insert into log.events (stream_id, version, event_id, type, schema_version, data, metadata)
     values ($1, 0, $2, 'Slow', 1, '{}', '{}')`,
    [stream, randomUUID()],
  )

await t.test('a reader never passes a slower transaction; a bare sequence poll does', async (t) => {
  const step = fc.oneof(
    fc.constant('begin' as const),
    fc.constant('append' as const),
    fc.constant('read' as const),
    fc.nat(3).map((which) => ({ commit: which })),
  )
  let missedBySequence = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      let position = await endOfLog()
      let sequence =
        (await pool.query<{ last: string }>('select coalesce(max(sequence), 0)::text as last from log.events')).rows[0]
          ?.last ?? '0'
      const expected = new Set<string>()
      const safe: string[] = []
      const bySequence = new Set<string>()
      const open: pg.PoolClient[] = []
      const read = async () => {
        for (let more = true; more; ) {
          const page = await log.readAll(position, { limit: 2 })
          safe.push(...page.events.map((event) => event.streamId))
          position = page.position
          more = !page.atEnd
        }
        const rows = await pool.query<{ stream: string; sequence: string }>(
          'select stream_id as stream, sequence::text as sequence from log.events where sequence > $1::bigint order by sequence',
          [sequence],
        )
        for (const row of rows.rows) {
          bySequence.add(row.stream)
          sequence = row.sequence
        }
      }
      const commit = async (client: pg.PoolClient | undefined) => {
        await client?.query('commit')
        client?.release()
      }
      for (const each of steps) {
        const stream = `slow-${randomUUID()}`
        if (each === 'begin' && open.length < 4) {
          const client = await pool.connect()
          await client.query('begin')
          await insertSlowly(client, stream)
          expected.add(stream)
          open.push(client)
        } else if (each === 'append') {
          await log.append(stream, [newEvent()], 'none')
          expected.add(stream)
        } else if (each === 'read') {
          await read()
        } else if (typeof each === 'object') {
          await commit(open.splice(each.commit % Math.max(1, open.length), 1)[0])
        }
      }
      for (const client of open) await commit(client)
      await read()
      t.equal(safe.length, new Set(safe).size, 'nothing twice')
      t.same([...safe].sort(), [...expected].sort(), 'nothing missed')
      missedBySequence += [...expected].filter((stream) => !bySequence.has(stream)).length
    }),
    { numRuns: 40, examples: [[['begin', 'append', 'read', { commit: 0 }, 'read']]] },
  )
  t.ok(missedBySequence > 0, `the same schedules make a bare sequence poll miss ${missedBySequence} events`)
})

await t.test('an event held up by a running transaction is announced as pending and delivered after it', async (t) => {
  const from = await endOfLog()
  const slow = await pool.connect()
  await slow.query('begin')
  await insertSlowly(slow, `held-${randomUUID()}`)
  const { position } = await log.append(`held-${randomUUID()}`, [newEvent()], 'none')
  t.match(await log.readAll(from), { events: [], position: from, atEnd: true, pending: true })
  const seen: string[] = []
  const stop = new AbortController()
  const subscription = log.subscribe(
    from,
    {},
    async (page) => {
      seen.push(...page.events.map((event) => event.type))
      if (comparePositions(page.position, position) >= 0) stop.abort()
    },
    stop.signal,
  )
  await slow.query('commit')
  slow.release()
  await subscription
  t.same(seen, ['Slow', 'Counted'])
})

await t.test('another process is woken, long before its poll', async (t) => {
  const reader = await openPostgresLog({ url: postgres.url, pollMs: 600_000 })
  const from = await endOfLog()
  const stop = new AbortController()
  const stream = `woken-${randomUUID()}`
  let atEnd: () => void = () => {}
  const waiting = new Promise<void>((resolve) => {
    atEnd = resolve
  })
  const seen: string[] = []
  const subscription = reader.subscribe(
    from,
    { categories: ['woken'] },
    async ({ events }) => {
      atEnd()
      seen.push(...events.map((event) => event.streamId))
      if (seen.length > 0) stop.abort()
    },
    stop.signal,
  )
  await waiting
  await log.append(stream, [newEvent()], 'none')
  await subscription
  t.same(seen, [stream])
  await reader.close()
})

await t.test('closing ends subscriptions', async (t) => {
  const other: EventLog = await openPostgresLog({ url: postgres.url })
  const subscription = other.subscribe(START, {}, async () => {}, new AbortController().signal)
  await other.close()
  await subscription
  t.pass('ended')
})

await t.test('refuses a log whose transaction ids this server has yet to hand out', async (t) => {
  const name = `restored_${randomUUID().replaceAll('-', '')}`
  await pool.query(`create database ${name}`)
  const url = new URL(postgres.url)
  url.pathname = `/${name}`
  await (await openPostgresLog({ url: url.href })).close()
  const client = new pg.Client(url.href)
  await client.connect()
  await client.query(
    `insert into log.events (transaction_id, stream_id, version, event_id, type, schema_version, data, metadata)
     values ('99999999', 'a-1', 0, $1, 'Old', 1, '{}', '{}')`,
    [randomUUID()],
  )
  await client.end()
  await t.rejects(openPostgresLog({ url: url.href }), { message: /transaction 99999999/ })
})

await t.test('verify finds a healthy log healthy and names what is damaged', async (t) => {
  t.same((await verifyLog(pool)).findings, [])
  const gone = `damaged-${randomUUID()}`
  await log.append(gone, [newEvent(), newEvent(), newEvent()], 'none')
  await pool.query('delete from log.events where stream_id = $1 and version = 1', [gone])
  const scalar = `damaged-${randomUUID()}`
  await log.append(scalar, [newEvent()], 'none')
  await pool.query(`update log.events set data = '17' where stream_id = $1`, [scalar])
  const { findings } = await verifyLog(pool)
  t.match(findings, [
    { kind: 'version-gap', streamId: gone, events: 2, first: 0, last: 2 },
    { kind: 'unreadable', reason: 'data is not an object' },
  ])
  t.equal(findings.length, 2)
  await pool.query('delete from log.events where stream_id = any($1)', [[gone, scalar]])
})

await t.test('outlives a killed Postgres', async (t) => {
  const stream = `killed-${randomUUID()}`
  const seen: number[] = []
  const stop = new AbortController()
  const subscription = log.subscribe(
    START,
    { categories: ['killed'] },
    async ({ events }) => {
      seen.push(...events.map((event) => event.version))
      if (seen.length === 3) stop.abort()
    },
    stop.signal,
  )
  await log.append(stream, [newEvent()], 'none')
  await postgres.kill()
  await t.rejects(log.append(stream, [newEvent()], 0), LogUnavailable)
  await t.rejects(log.read(stream), LogUnavailable)
  const patient = await (async () => {
    const restarted = postgres.restart()
    await restarted
    return openPostgresLog({ pool, unavailableAfterMs: 30_000 })
  })()
  t.equal(
    (await log.append(stream, [newEvent()], 0)).version,
    1,
    'works again, nothing of the failed append was stored',
  )

  const id = newEvent()
  await postgres.kill()
  const appended = patient.append(stream, [id], 1)
  await postgres.restart()
  t.equal((await appended).version, 2, 'a patient append rides through the restart')
  await subscription
  t.same(seen, [0, 1, 2])
  await patient.close()
})
