import { randomUUID } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { env } from 'node:process'
import { inspect } from 'node:util'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { comparePositions, DuplicateEvent, LogUnavailable, START, VersionConflict } from './event-log.ts'
import { openKurrentLog } from './kurrentdb-log.ts'
import { runProjection } from './run-projection.ts'
import { countingProjection, newEvent, testEventLog } from './testing/index.ts'
import { startTestKurrent } from './testing/kurrentdb-server.ts'

const server = await startTestKurrent()
const log = await openKurrentLog({ url: server.url, callMs: 2_000, unavailableAfterMs: 500 })
t.teardown(async () => {
  await log.close()
  server.kill()
})

await testEventLog(t, 'KurrentDB protocol', async () => log, 'refused')

const realUrl = env['KURRENTDB_URL']
await t.test('a real KurrentDB', { skip: realUrl === undefined ? 'KURRENTDB_URL is not set' : false }, async (t) => {
  const real = await openKurrentLog({ url: realUrl ?? '' })
  t.teardown(() => real.close())
  await testEventLog(t, 'KurrentDB server', async () => real, 'refused')
})

await t.test('of rivals with the same event one has written it', async (t) => {
  const stream = `rivals-${randomUUID()}`
  const event = newEvent()
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => log.append(stream, [event], 'none')))
  t.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
  for (const result of results) if (result.status === 'rejected') t.match(result.reason, { name: 'DuplicateEvent' })
  t.equal((await log.read(stream)).length, 1)
})

await t.test('an append whose acknowledgement is lost is found, not refused and not stored twice', async (t) => {
  const stream = `lost-${randomUUID()}`
  const patient = await openKurrentLog({ url: server.url, unavailableAfterMs: 30_000 })
  const events = [newEvent(), newEvent()]
  server.loseNextAcknowledgement()
  t.equal((await patient.append(stream, events, 'none')).version, 1)
  t.equal((await patient.read(stream)).length, 2)
  await t.rejects(patient.append(stream, events, 'none'), DuplicateEvent)
  await t.rejects(patient.append(stream, [newEvent()], 0), VersionConflict)
  await patient.close()
})

await t.test('another process sees it, and closing ends its subscription', async (t) => {
  const other = await openKurrentLog({ url: server.url, pollMs: 20 })
  const of = `other${randomUUID().replaceAll('-', '')}`
  let seen: (stream: string) => void = () => {}
  const arrived = new Promise<string>((resolve) => {
    seen = resolve
  })
  const subscription = other.subscribe(
    START,
    { categories: [of] },
    async ({ events }) => {
      for (const event of events) seen(event.streamId)
    },
    new AbortController().signal,
  )
  await log.append(`${of}-1`, [newEvent()], 'none')
  t.equal(await arrived, `${of}-1`)
  await other.close()
  await subscription
})

await t.test('a URL that cannot be read is refused without being quoted', async (t) => {
  const refused = await openKurrentLog({ url: 'kurrentdb://admin:hunter2@:x' }).catch((error: unknown) => error)
  t.match(refused, { name: 'TypeError', message: /^the KurrentDB URL cannot be read/ })
  t.notMatch(inspect(refused, { depth: 5 }), /hunter2/)
})

await t.test('a server that accepts and never answers is unavailable, not waited for', async (t) => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => {
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : undefined
  await t.rejects(openKurrentLog({ url: `kurrentdb://127.0.0.1:${port}?tls=false`, callMs: 200 }), LogUnavailable)
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

await t.test('a projection keeps its rows and its checkpoint in Postgres', async (t) => {
  const postgres = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 })
  pool.on('error', () => {})
  const of = `counted${randomUUID().replaceAll('-', '')}`
  await log.append(`${of}-1`, [newEvent(), newEvent()], 'none')
  const run = () => runProjection(log, pool, countingProjection([of]), { schema: 'counted' })
  const first = await run()
  const { position } = await log.append(`${of}-1`, [newEvent()], 1)
  await first.waitFor(position, 60_000)
  await first.stop()
  const last = await log.append(`${of}-1`, [newEvent()], 2)
  const second = await run()
  await second.waitFor(last.position, 60_000)
  await second.stop()
  t.same((await pool.query('select stream, events from counted.counts')).rows, [{ stream: `${of}-1`, events: 4 }])
  const checkpoint = await pool.query<{ position: string }>('select position from counted.projection_checkpoints')
  t.ok(comparePositions(checkpoint.rows[0]?.position ?? START, last.position) >= 0)
  await pool.end()
})

await t.test('a connection that breaks under many large appends fails them all and nothing else', async (t) => {
  const data = { text: 'x'.repeat(500_000) }
  const appends = Array.from({ length: 40 }, () => log.append(`big-${randomUUID()}`, [newEvent({ data })], 'none'))
  const settled = Promise.allSettled(appends)
  await Promise.any(appends)
  server.kill()
  for (const result of await settled) {
    if (result.status === 'rejected') t.match(result.reason, { name: 'LogUnavailable' })
  }
  await server.restart()
  const patient = await openKurrentLog({ url: server.url, unavailableAfterMs: 30_000 })
  t.equal((await patient.append(`after-${randomUUID()}`, [newEvent()], 'none')).version, 0)
  await patient.close()
})

await t.test('outlives a killed server', async (t) => {
  const stream = `killed-${randomUUID()}`
  const versions: number[] = []
  const stop = new AbortController()
  const subscription = log.subscribe(
    START,
    { categories: ['killed'] },
    async ({ events }) => {
      versions.push(...events.map((event) => event.version))
      if (versions.length === 3) stop.abort()
    },
    stop.signal,
  )
  const first = await log.append(stream, [newEvent()], 'none')
  server.kill()
  await t.rejects(log.append(stream, [newEvent()], 0), LogUnavailable)
  await t.rejects(log.read(stream), LogUnavailable)
  await t.rejects(log.readAll(START), LogUnavailable)
  await server.restart()
  const patient = await openKurrentLog({ url: server.url, unavailableAfterMs: 30_000 })
  t.equal((await patient.append(stream, [newEvent()], 0)).version, 1, 'nothing of the failed append was stored')
  server.kill()
  const appended = patient.append(stream, [newEvent()], 1)
  await server.restart()
  const third = await appended
  t.equal(third.version, 2, 'a patient append rides through the restart')
  t.ok(comparePositions(first.position, third.position) < 0)
  await subscription
  t.same(versions, [0, 1, 2])
  await patient.close()
})
