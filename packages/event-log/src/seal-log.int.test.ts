import { randomUUID } from 'node:crypto'
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder, testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { START } from './event-log.ts'
import { openKurrentLog } from './kurrentdb-log.ts'
import { openPostgresLog } from './postgres-log.ts'
import { entryOf, NO_SEAL, type SealHead, sealedFormOf, sealHash } from './seal.ts'
import { startSealing } from './seal-log.ts'
import { newEvent } from './testing/index.ts'
import { startTestKurrent } from './testing/kurrentdb-server.ts'
import { type ReadSealed, type SealVerification, sealedInLog, sealedInPostgres, verifySeals } from './verify-seals.ts'

const EVENTS = 1_203
const NEVER_MS = 3_600_000
const postgres = await testPostgres(t)
const folder = await temporaryFolder('seals')
t.teardown(() => folder.remove())

const urlOf = (database: string): string => {
  const url = new URL(postgres.url)
  url.pathname = `/${database}`
  return url.href
}
const withPool = async <T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> => {
  const pool = new pg.Pool({ connectionString: url })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

/** A sealed log every tampering begins with: three full seals' worth of events and a short one, in streams of three. */
const base = `sealed_${randomUUID().replaceAll('-', '')}`
const baseAnchors = join(folder.path, 'base.log')
await withPool(postgres.url, (pool) => pool.query(`create database ${base}`))
const ids: string[] = []
await withPool(urlOf(base), async (pool) => {
  const log = await openPostgresLog({ pool })
  for (let index = 0; index < EVENTS / 3; index += 1) {
    const events = [0, 1, 2].map((n) => newEvent({ data: { n, amount: '1.50', text: `ünïcode "${index}"` } }))
    await log.append(`sealed-${index}`, events, 'none')
    ids.push(...events.map(({ id }) => id))
  }
  const sealing = await startSealing(log, pool, { anchors: baseAnchors, everyMs: NEVER_MS, sealEvents: 500 })
  await sealing.sealNow()
  await sealing.stop()
  await log.close()
})

/** What `verify` says of a copy of the base after something was done to it. */
const after = async (
  tamper: (pool: pg.Pool, anchors: string) => Promise<unknown>,
): Promise<Pick<SealVerification, 'findings' | 'sealed' | 'unsealed' | 'seals' | 'anchors'>> => {
  const name = `tampered_${randomUUID().replaceAll('-', '')}`
  const anchors = join(folder.path, `${name}.log`)
  await withPool(postgres.url, (pool) => pool.query(`create database ${name} template ${base}`))
  await copyFile(baseAnchors, anchors)
  return withPool(urlOf(name), async (pool) => {
    await tamper(pool, anchors)
    return verifySeals(pool, sealedInPostgres(pool), anchors)
  })
}
const id = (index: number): string => ids[index] ?? ''
const one = (pool: pg.Pool, sql: string, index: number) => pool.query(sql, [id(index)])

await t.test('a log nobody touched is as it was sealed, through the table and through the port', async (t) => {
  const whole = { seals: 3, sealed: EVENTS, unsealed: 0, anchors: 3, findings: [] }
  t.match(await after(async () => {}), whole)
  await withPool(urlOf(base), async (pool) => {
    const log = await openPostgresLog({ pool })
    t.match(await verifySeals(pool, sealedInLog(log), baseAnchors), whole)
    await log.close()
  })
})

const tampering: readonly (readonly [string, (pool: pg.Pool) => Promise<unknown>, object])[] = [
  [
    'one digit of the data',
    (pool) =>
      one(pool, `update log.events set data = replace(data::text, '1.50', '1.51')::json where event_id = $1`, 700),
    { kind: 'event-changed', seal: 1, eventId: id(700), streamId: 'sealed-233', version: 1 },
  ],
  [
    'a space no reader sees',
    (pool) => one(pool, `update log.events set data = (data::text || ' ')::json where event_id = $1`, 3),
    { kind: 'event-changed', seal: 0, eventId: id(3) },
  ],
  [
    'the actor in the metadata',
    (pool) =>
      one(
        pool,
        `update log.events set metadata = replace(metadata::text, 'test', 'tess')::json where event_id = $1`,
        1_202,
      ),
    { kind: 'event-changed', seal: 2, eventId: id(1_202) },
  ],
  [
    'the type',
    (pool) => one(pool, `update log.events set type = 'Miscounted' where event_id = $1`, 10),
    { kind: 'event-changed', seal: 0, eventId: id(10) },
  ],
  [
    'the time it was stored',
    (pool) =>
      one(pool, `update log.events set recorded_at = recorded_at - interval '1 second' where event_id = $1`, 11),
    { kind: 'event-changed', seal: 0, eventId: id(11) },
  ],
  [
    'the id',
    (pool) => one(pool, `update log.events set event_id = gen_random_uuid() where event_id = $1`, 12),
    { kind: 'event-changed', seal: 0, eventId: id(12) },
  ],
  [
    'a deleted event',
    (pool) => one(pool, 'delete from log.events where event_id = $1', 500),
    { kind: 'event-missing', seal: 1, eventId: id(500) },
  ],
  [
    'the last events deleted',
    (pool) => pool.query('delete from log.events where event_id = any($1)', [ids.slice(1_200)]),
    { kind: 'event-missing', seal: 2, eventId: id(1_200) },
  ],
  [
    'an inserted event',
    (pool) =>
      one(
        pool,
        `insert into log.events (transaction_id, stream_id, version, event_id, type, schema_version, data, metadata)
         select transaction_id, 'forged-1', 0, '00000000-0000-4000-8000-000000000001', type, 1, data, metadata
         from log.events where event_id = $1`,
        42,
      ),
    { kind: 'event-inserted', seal: 0, eventId: '00000000-0000-4000-8000-000000000001', streamId: 'forged-1' },
  ],
  [
    'two events swapped, each with its content',
    (pool) =>
      pool.query(
        `update log.events e set transaction_id = o.transaction_id
         from log.events o where (e.event_id, o.event_id) in (($1, $2), ($2, $1))`,
        [id(21), id(27)],
      ),
    { kind: 'event-moved', seal: 0, eventId: id(21) },
  ],
  [
    'the contents of two events swapped',
    (pool) =>
      pool.query(
        `update log.events e set data = o.data
         from log.events o where (e.event_id, o.event_id) in (($1, $2), ($2, $1))`,
        [id(31), id(41)],
      ),
    { kind: 'event-changed', seal: 0, eventId: id(31) },
  ],
  [
    'a seal',
    (pool) => pool.query(`update log.seals set position = position || '0' where number = 2`),
    { kind: 'seal-changed', seal: 2 },
  ],
  ['a deleted seal', (pool) => pool.query('delete from log.seals where number = 1'), { kind: 'seal-missing', seal: 1 }],
  [
    'the newest seals deleted',
    (pool) => pool.query('delete from log.seals where number > 0'),
    { kind: 'anchor-differs', seal: 1, stored: null },
  ],
]

await t.test('what was tampered with is named', async (t) => {
  for (const [what, tamper, expected] of tampering) {
    const [first] = (await after(tamper)).findings
    t.match(first, expected, what)
  }
})

await t.test('each seal names its own first event', async (t) => {
  const { findings } = await after((pool) =>
    pool.query('delete from log.events where event_id = any($1)', [[id(1), id(2), id(600), id(1_100)]]),
  )
  t.same(
    findings.map((finding) => finding.kind === 'event-missing' && finding.eventId),
    [id(1), id(600), id(1_100)],
  )
})

/** What a forger with all rights on the database would do: make every seal again, over the events as they are now. */
const sealAgain = async (pool: pg.Pool): Promise<void> => {
  const log = await openPostgresLog({ pool })
  const { rows } = await pool.query<{ number: string; position: string }>(
    'select number, position from log.seals order by number',
  )
  let previous: SealHead = NO_SEAL
  for (const { number, position } of rows) {
    const { events } = await log.readAll(previous.number < 0 ? START : previous.position, { limit: 500 })
    const entries = Buffer.concat(events.map((event) => entryOf(sealedFormOf(event))))
    const hash = sealHash(previous, position, entries)
    await pool.query('update log.seals set entries = $2, hash = $3 where number = $1', [number, entries, hash])
    previous = { number: Number(number), position, hash }
  }
  await log.close()
}

await t.test('rewritten seals agree with rewritten events, and not with their heads outside', async (t) => {
  const forge = async (pool: pg.Pool): Promise<void> => {
    await one(pool, `update log.events set data = replace(data::text, '1.50', '9.99')::json where event_id = $1`, 700)
    await sealAgain(pool)
  }
  const { findings } = await after(forge)
  t.match(findings, [
    { kind: 'anchor-differs', seal: 1 },
    { kind: 'anchor-differs', seal: 2 },
  ])
  t.equal(findings.length, 2, 'the seal before the forged event stands')
  const without = await after(async (pool, anchors) => {
    await forge(pool)
    await writeFile(anchors, '')
  })
  t.match(without, { findings: [], anchors: 0 }, 'without them nothing would tell')
  t.match((await after((_pool, anchors) => appendFile(anchors, 'scribble\n'))).findings, [
    { kind: 'anchor-unreadable', line: 4 },
  ])
})

await t.test('sealing goes on where it was, in one process of many, and catches its file up', async (t) => {
  const anchors = join(folder.path, 'many.log')
  await withPool(urlOf(base), async (pool) => {
    const log = await openPostgresLog({ pool })
    const many = await Promise.all(
      [1, 2, 3].map(() => startSealing(log, pool, { anchors, everyMs: 20, onError: (error) => t.fail(String(error)) })),
    )
    for (let index = 0; index < 40; index += 1) await log.append(`late-${index}`, [newEvent()], 'none')
    await Promise.all(many.map((each) => each.sealNow()))
    await Promise.all(many.map((each) => each.stop()))
    const last = await startSealing(log, pool, { anchors, everyMs: NEVER_MS })
    await last.sealNow()
    await last.stop()
    const found = await verifySeals(pool, sealedInPostgres(pool), anchors)
    t.match(found, { sealed: EVENTS + 40, unsealed: 0, findings: [] })
    t.ok(found.anchors >= found.seals, 'every seal is in the file, also those from before it')
    t.equal((await readFile(anchors, 'utf8')).split('\n').filter((line) => line.startsWith('0 ')).length >= 1, true)

    const errors: unknown[] = []
    await pool.query(`update log.seals set hash = repeat('a', 64) where number = (select max(number) from log.seals)`)
    const watcher = await startSealing(log, pool, {
      anchors,
      everyMs: NEVER_MS,
      onError: (error) => errors.push(error),
    })
    await log.append('late-x', [newEvent()], 'none')
    await watcher.sealNow()
    await watcher.stop()
    t.match(errors, [{ name: 'SealsForged' }], 'a running system says it as well')
    await log.close()
  })
})

await t.test('a log in KurrentDB is sealed and verified through the port', async (t) => {
  const server = await startTestKurrent()
  const name = `kurrent_${randomUUID().replaceAll('-', '')}`
  const anchors = join(folder.path, `${name}.log`)
  await withPool(postgres.url, (pool) => pool.query(`create database ${name}`))
  await withPool(urlOf(name), async (pool) => {
    const log = await openKurrentLog({ url: server.url })
    for (let index = 0; index < 20; index += 1) await log.append(`k-${index}`, [newEvent(), newEvent()], 'none')
    const sealing = await startSealing(log, pool, { anchors, everyMs: NEVER_MS })
    await sealing.sealNow()
    await sealing.stop()
    await log.append('k-late', [newEvent()], 'none')
    t.match(await verifySeals(pool, sealedInLog(log), anchors), { sealed: 40, unsealed: 1, findings: [] })
    const [first] = await log.read('k-0')
    const forging: ReadSealed = async (from, limit) => {
      const page = await sealedInLog(log)(from, limit)
      return { ...page, forms: page.forms.map((form) => (form.id === first?.id ? { ...form, type: 'Forged' } : form)) }
    }
    t.match((await verifySeals(pool, forging, anchors)).findings, [{ kind: 'event-changed', eventId: first?.id }])
    await log.close()
  })
  server.kill()
})
