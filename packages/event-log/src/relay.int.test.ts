import { testNats, testPostgres } from '@colibri/testkit'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type EventLog, type RecordedEvent, START } from './event-log.ts'
import { pause } from './pause.ts'
import { openPostgresLog } from './postgres-log.ts'
import { type Refill, type RelayOptions, startRelay } from './relay.ts'
import { POSITION_HEADER } from './relay-stream.ts'
import { newEvent } from './testing/index.ts'

const open = async (t: Test) => {
  const [postgres, server] = await Promise.all([testPostgres(t), testNats(t)])
  const pool = new pg.Pool({ connectionString: postgres.url, max: 10 })
  pool.on('error', () => {})
  const log = await openPostgresLog({ pool })
  const nats = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  t.teardown(async () => {
    await log.close()
    await pool.end()
    await nats.close()
  })
  const refills: Refill[] = []
  const errors: string[] = []
  const options: RelayOptions = {
    subjectOf: ({ streamId, type }) => `events.${streamId.replace('-', '.')}.${type}`,
    checkEveryMs: 50,
    inFlight: 7,
    onRefill: (refill) => refills.push(refill),
    onError: (error) => errors.push(String(error)),
  }
  const start = (change: Partial<RelayOptions> = {}) => startRelay(log, pool, nats, { ...options, ...change })
  const manager = () => jetstreamManager(nats)
  return { postgres, server, pool, log, nats, refills, errors, start, manager }
}
type Opened = Awaited<ReturnType<typeof open>>

/** Every event, those included that an older running transaction still holds back from readers. */
const all = async (log: EventLog): Promise<readonly RecordedEvent[]> => {
  for (;;) {
    const { events, pending } = await log.readAll(START, { limit: 10_000 })
    if (!pending) return events
    await pause(5)
  }
}

/** Waits until the stream holds as many messages as the log has events, then returns their bodies in order. */
const copies = async ({ log, nats, manager }: Opened) => {
  const events = await all(log)
  let messages = 0
  for (let left = 600; left > 0; left -= 1) {
    const found = await manager()
      .then((each) => each.streams.info('EVENTS'))
      .catch(() => undefined)
    messages = found?.state.messages ?? 0
    if (messages >= events.length) break
    await pause(20)
  }
  const consumer = await jetstream(nats).consumers.get('EVENTS')
  const fetched = await consumer.fetch({ max_messages: messages, expires: 5_000 })
  const bodies: { event: unknown; subject: string; id: string; position: string }[] = []
  for await (const message of fetched) {
    bodies.push({
      event: message.json(),
      subject: message.subject,
      id: message.headers?.get('Nats-Msg-Id') ?? '',
      position: message.headers?.get(POSITION_HEADER) ?? '',
    })
  }
  return { events, bodies }
}

const sameAsLog = async (t: Test, opened: Opened, what: string) => {
  const { events, bodies } = await copies(opened)
  t.same(
    bodies,
    events.map((event) => ({
      event,
      subject: `events.${event.streamId.replace('-', '.')}.${event.type}`,
      id: event.id,
      position: event.position,
    })),
    what,
  )
  t.ok(events.length > 0)
}

const fill = async (log: EventLog, streams: number) => {
  for (let stream = 0; stream < streams; stream += 1) {
    await log.append(`order-${stream}`, [newEvent({ data: { stream } }), newEvent()], 'any')
  }
}

await t.test('every event, once, in the order of the log; two relays, one at work', async (t) => {
  const opened = await open(t)
  await fill(opened.log, 20)
  const relays = await Promise.all([opened.start(), opened.start()])
  await fill(opened.log, 10)
  await sameAsLog(t, opened, 'history and news')
  t.equal(relays.filter((relay) => relay.active()).length, 1)
  const leader = relays.find((relay) => relay.active())
  await leader?.stop()
  await fill(opened.log, 5)
  await sameAsLog(t, opened, 'the other one took over')
  t.same(opened.refills, [])
  await Promise.all(relays.map((relay) => relay.stop()))
})

await t.test('a stream lost under a running relay is made and filled again', async (t) => {
  const opened = await open(t)
  const relay = await opened.start()
  await fill(opened.log, 10)
  await sameAsLog(t, opened, 'before')
  await (await opened.manager()).streams.delete('EVENTS')
  await sameAsLog(t, opened, 'deleted')
  t.match(opened.refills, [{ reason: 'stream-missing', from: START }])
  await (await opened.manager()).streams.purge('EVENTS')
  await sameAsLog(t, opened, 'emptied')
  await fill(opened.log, 3)
  await sameAsLog(t, opened, 'goes on')
  await relay.stop()
})

await t.test('a stream lost while no relay ran is filled from where it ends', async (t) => {
  const opened = await open(t)
  const relay = await opened.start()
  await fill(opened.log, 10)
  await sameAsLog(t, opened, 'before')
  await relay.stop()
  const manager = await opened.manager()
  const config = (await manager.streams.info('EVENTS')).config
  await manager.streams.delete('EVENTS')
  await manager.streams.add({ name: 'EVENTS', subjects: config.subjects })
  const again = await opened.start()
  await sameAsLog(t, opened, 'recreated empty')
  t.match(opened.refills, [{ reason: 'stream-behind', from: START }])
  await again.stop()
})

await t.test('a stream that has lost messages among those it kept is filled again', async (t) => {
  const opened = await open(t)
  const relay = await opened.start()
  await fill(opened.log, 10)
  await sameAsLog(t, opened, 'before')
  const losses: readonly (readonly number[])[] = [[4, 5], [1]]
  for (const lost of losses) {
    const manager = await opened.manager()
    for (const sequence of lost) await manager.streams.deleteMessage('EVENTS', sequence)
    const before = opened.refills.length
    for (let left = 600; opened.refills.length === before && left > 0; left -= 1) await pause(20)
    t.match(opened.refills.at(-1), { reason: 'stream-torn', from: START })
    await sameAsLog(t, opened, `without ${lost.join(' and ')}`)
  }
  await relay.stop()
})

await t.test('what somebody else put into the stream does not stay', async (t) => {
  const opened = await open(t)
  const relay = await opened.start()
  await fill(opened.log, 3)
  await sameAsLog(t, opened, 'before')
  await jetstream(opened.nats).publish('events.order.forged.OrderFilled', '{}')
  await fill(opened.log, 3)
  for (let left = 60; opened.refills.length === 0 && left > 0; left -= 1) await pause(50)
  t.match(opened.refills, [{ reason: 'stream-foreign' }])
  await sameAsLog(t, opened, 'the copy is exact again')
  await relay.stop()
})

await t.test('killed servers: nothing lost, nothing twice', async (t) => {
  const opened = await open(t)
  const relay = await opened.start()
  await fill(opened.log, 10)
  await opened.server.kill()
  await fill(opened.log, 10)
  await opened.server.restart()
  await sameAsLog(t, opened, 'NATS')
  await opened.postgres.kill()
  await opened.postgres.restart()
  await fill(opened.log, 5)
  await sameAsLog(t, opened, 'Postgres')
  t.same(opened.refills, [])
  await relay.stop()
})
