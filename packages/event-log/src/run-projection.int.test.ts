import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { testPostgres } from '@colibri/testkit'
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { type Position, START } from './event-log.ts'
import { pause } from './pause.ts'
import { openPostgresLog } from './postgres-log.ts'
import { type Projection, ProjectionHalted, ProjectionTimeout } from './projection.ts'
import { type RebuildOptions, rebuildProjection } from './rebuild-projection.ts'
import { runProjection } from './run-projection.ts'
import { tableDigests } from './table-digests.ts'
import { countingProjection, newEvent } from './testing/index.ts'
import { verifyLog } from './verify-log.ts'

const postgres = await testPostgres(t)
const pool = new pg.Pool({ connectionString: postgres.url, max: 30 })
pool.on('error', () => {})
/** The test's own connections, which nobody cuts. */
const looking = new pg.Pool({ connectionString: postgres.url, max: 4 })
looking.on('error', () => {})
const log = await openPostgresLog({ pool })
t.teardown(async () => {
  await log.close()
  await looking.end()
  await pool.end()
})

const WAIT = 60_000
const freshSchema = () => `s_${randomUUID().replaceAll('-', '').slice(0, 12)}`

interface Fed {
  readonly category: string
  readonly end: Position
  /** Stream to the sum of its `n`. */
  readonly sums: ReadonlyMap<string, number>
}

const feed = async (category: string, streams: number, perStream: number): Promise<Fed> => {
  const sums = new Map<string, number>()
  let end = START
  for (let stream = 0; stream < streams; stream += 1) {
    const id = `${category}-${stream}`
    const events = Array.from({ length: perStream }, (_, index) => newEvent({ data: { n: index + stream } }))
    sums.set(
      id,
      events.reduce((sum, { data }) => sum + ('n' in data && typeof data.n === 'number' ? data.n : 0), 0),
    )
    end = (await log.append(id, events, 'any')).position
  }
  return { category, end, sums }
}

const rowsOf = async (schema: string): Promise<{ stream: string; events: number; sum: number }[]> =>
  (
    await looking.query<{ stream: string; events: number; sum: number }>(
      `select stream, events, sum::integer as sum from ${schema}.counts order by stream collate "C"`,
    )
  ).rows

const expectedRows = ({ sums }: Fed, perStream: number) =>
  [...sums].map(([stream, sum]) => ({ stream, events: perStream, sum })).sort((a, b) => (a.stream < b.stream ? -1 : 1))

await t.test('shows history and news, and a write to the one who waits for it', async (t) => {
  const fed = await feed('plain', 5, 10)
  const schema = freshSchema()
  const running = await runProjection(log, pool, countingProjection(['plain']), { schema })
  await running.waitFor(fed.end, WAIT)
  t.same(await rowsOf(schema), expectedRows(fed, 10))
  const { position } = await log.append('plain-0', [newEvent({ data: { n: 1_000 } })], 9)
  await running.waitFor(position, WAIT)
  t.same((await rowsOf(schema))[0], { stream: 'plain-0', events: 11, sum: 1_045 })
  const foreign = await log.append('other-1', [newEvent()], 'none')
  await running.waitFor(foreign.position, WAIT)
  await t.rejects(running.waitFor('9999999999/0', 20), ProjectionTimeout)
  t.equal(running.caughtUp(), true)
  await running.stop()
  await t.rejects(running.waitFor('9999999999/0', WAIT), { name: 'ProjectionStopped' })
})

await t.test('two runners share one set of rows, each event applied once', async (t) => {
  const schema = freshSchema()
  const runners = await Promise.all(
    [1, 2].map(() => runProjection(log, pool, countingProjection(['shared']), { schema })),
  )
  const fed = await feed('shared', 40, 5)
  await Promise.all(runners.map((runner) => runner.waitFor(fed.end, WAIT)))
  t.same(await rowsOf(schema), expectedRows(fed, 5))
  await Promise.all(runners.map((runner) => runner.stop()))
})

await t.test('exactly once while connections are cut at random', async (t) => {
  let terminated = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 3, maxLength: 8 }), async (cuts) => {
      const category = `cut${randomUUID().slice(0, 8)}`
      const schema = freshSchema()
      const slow = countingProjection([category], { pauseMs: 2 })
      const runners = await Promise.all([1, 2].map(() => runProjection(log, pool, slow, { schema })))
      const feeding = feed(category, 60, 3)
      for (const ms of cuts) {
        await pause(ms)
        const cut = await looking.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()
           and state <> 'idle' and (query like '%projection_checkpoints%' or query like '%counts%' or query like '%seen%')`,
        )
        terminated += cut.rowCount ?? 0
      }
      const fed = await feeding
      await Promise.all(runners.map((runner) => runner.waitFor(fed.end, WAIT)))
      t.same(await rowsOf(schema), expectedRows(fed, 3))
      await Promise.all(runners.map((runner) => runner.stop()))
    }),
    { numRuns: 8 },
  )
  t.ok(terminated > 0, `${terminated} connections were cut while they wrote`)
})

await t.test('exactly once while whole processes are killed at random', async (t) => {
  const schema = freshSchema()
  const fed = await feed('slain', 150, 4)
  const start = (): ChildProcess =>
    spawn(process.execPath, [fileURLToPath(new URL('./testing/projection-process.js', import.meta.url))], {
      env: { ...process.env, PROJECTION_URL: postgres.url, PROJECTION_SCHEMA: schema, PROJECTION_CATEGORY: 'slain' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  let kills = 0
  const reached = new Set<Position>()
  const checkpoint = async (): Promise<Position> =>
    (await looking.query<{ position: Position }>(`select position from ${schema}.projection_checkpoints`)).rows[0]
      ?.position ?? START
  for (let round = 0; round < 6; round += 1) {
    const child = start()
    const exited = once(child, 'exit')
    if (child.stdout !== null) await once(child.stdout, 'data')
    // Some die before they have done anything, some as soon as something is behind them, however slow the machine.
    const begun = await checkpoint()
    if (round % 2 === 0) while ((await checkpoint()) === begun) await pause(5)
    await pause(Math.random() * 100)
    child.kill('SIGKILL')
    const [, signal] = await exited
    if (signal === 'SIGKILL') kills += 1
    reached.add(await checkpoint())
  }
  t.equal(kills, 6)
  t.ok(reached.size > 1, 'some died with work behind them')
  t.notOk(reached.has(fed.end), 'and none had finished')
  const running = await runProjection(log, pool, countingProjection(['slain']), { schema })
  await running.waitFor(fed.end, WAIT)
  await running.stop()
  t.same(await rowsOf(schema), expectedRows(fed, 4))
})

await t.test('catches up with everything acknowledged before, at once', async (t) => {
  const schema = freshSchema()
  const running = await runProjection(log, pool, countingProjection(['asked']), { schema })
  for (let round = 1; round <= 20; round += 1) {
    await log.append('asked-1', [newEvent()], 'any')
    await running.catchUp(WAIT)
    t.match(await rowsOf(schema), [{ stream: 'asked-1', events: round }])
  }
  await running.stop()
})

await t.test('applies again what a crashed server took back, without waiting for news', async (t) => {
  const schema = freshSchema()
  const fed = await feed('taken', 4, 3)
  const running = await runProjection(log, pool, countingProjection(['taken']), { schema })
  await running.waitFor(fed.end, WAIT)
  // What a crash does to commits that had not reached the disk: rows and checkpoint go back, connections end.
  await pool.query(`truncate ${schema}.counts, ${schema}.seen, ${schema}.projection_checkpoints`)
  t.same(await rowsOf(schema), [])
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()`,
  )
  const deadline = Date.now() + WAIT
  while ((await rowsOf(schema).catch(() => [])).length < 4 && Date.now() < deadline) await pause(20)
  t.same(await rowsOf(schema), expectedRows(fed, 3))
  await running.stop()
})

await t.test('goes on after Postgres was killed', async (t) => {
  const schema = freshSchema()
  const running = await runProjection(log, pool, countingProjection(['reborn']), { schema })
  await feed('reborn', 3, 2)
  await postgres.kill()
  await postgres.restart()
  const { position } = await log.append('reborn-0', [newEvent({ data: { n: 5 } })], 1)
  await running.waitFor(position, WAIT)
  t.same(
    (await rowsOf(schema)).map(({ events }) => events),
    [3, 2, 2],
  )
  await running.stop()
})

const poisoned = (category: string, poisonId: string): Projection => {
  const counting = countingProjection([category])
  return {
    ...counting,
    apply: async (events, client) => {
      await counting.apply(events, client)
      if (events.some((event) => event.id === poisonId)) throw new Error('cannot digest this')
    },
  }
}

await t.test('an event that cannot be applied halts the projection before it, loudly', async (t) => {
  const schema = freshSchema()
  const poison = newEvent()
  await log.append('halt-0', [newEvent(), newEvent(), poison, newEvent()], 'none')
  const { position } = await log.append('halt-1', [newEvent()], 'none')
  const running = await runProjection(log, pool, poisoned('halt', poison.id), { schema, attempts: 2 })
  const halted = await running.waitFor(position, WAIT).catch((error: unknown) => error)
  t.match(halted, {
    name: 'ProjectionHalted',
    event: { id: poison.id },
    message: /halt-0 version 2.*cannot digest this/,
  })
  t.ok(running.error() instanceof ProjectionHalted)
  t.equal(running.caughtUp(), false)
  t.same(await rowsOf(schema), [{ stream: 'halt-0', events: 2, sum: 2 }], 'what came before it is shown')
  await t.rejects(running.waitFor(position, WAIT), ProjectionHalted)
  await running.stop()
  const mended = await runProjection(log, pool, countingProjection(['halt']), { schema })
  await mended.waitFor(position, WAIT)
  t.same(
    (await rowsOf(schema)).map(({ events }) => events),
    [4, 1],
    'a mended projection goes on from there',
  )
  await mended.stop()
})

await t.test('an event is parked only when that is decided', async (t) => {
  const schema = freshSchema()
  const poison = newEvent()
  await log.append('park-0', [newEvent(), poison, newEvent()], 'none')
  const { position } = await log.append('park-1', [newEvent()], 'none')
  const running = await runProjection(log, pool, poisoned('park', poison.id), {
    schema,
    attempts: 1,
    onPoison: () => 'park',
  })
  await running.waitFor(position, WAIT)
  await running.stop()
  t.same(
    (await rowsOf(schema)).map(({ events }) => events),
    [2, 1],
  )
  t.match((await verifyLog(pool)).findings, [
    { kind: 'parked', schema, eventId: poison.id, error: 'cannot digest this' },
  ])
})

await t.test('a rebuild gives identical tables, also while the projection runs and events arrive', async (t) => {
  const schema = freshSchema()
  const projection = countingProjection(['rebuilt'])
  const running = await runProjection(log, pool, projection, { schema })
  const first = await feed('rebuilt', 20, 3)
  await running.waitFor(first.end, WAIT)
  const before = await tableDigests(pool, projection, schema)
  t.equal(before[0]?.rows, 20)
  const rebuilt = await rebuildProjection(log, pool, projection, { schema })
  t.equal(rebuilt.events, 60)
  t.same(rebuilt.tables, ['counts', 'seen'])
  t.same(await tableDigests(pool, projection, schema), before, 'byte-identical')

  await pool.query(`update ${schema}.counts set sum = sum + 1 where stream = 'rebuilt-7'`)
  t.notSame(await tableDigests(pool, projection, schema), before, 'the digest sees one wrong digit')
  await rebuildProjection(log, pool, projection, { schema })
  t.same(await tableDigests(pool, projection, schema), before, 'and the rebuild mends it')

  let position = first.end
  let writing: 'on' | 'off' = 'on'
  const writer = (async () => {
    for (let n = 0; writing === 'on'; n += 1) {
      position = (await log.append(`rebuilt-${n % 20}`, [newEvent({ data: { n } })], 'any')).position
      await running.waitFor(position, WAIT)
    }
  })()
  for (let round = 0; round < 4; round += 1) await rebuildProjection(log, pool, projection, { schema })
  writing = 'off'
  await writer
  await running.waitFor(position, WAIT)
  const live = await tableDigests(pool, projection, schema)
  await running.stop()
  const other = freshSchema()
  const reference = await runProjection(log, pool, projection, { schema: other })
  await reference.waitFor(position, WAIT)
  await reference.stop()
  t.same(live, await tableDigests(pool, projection, other), 'nothing was lost or applied twice around the swaps')
})

await t.test('a rebuild that fails leaves the live tables alone; two at once are refused', async (t) => {
  const schema = freshSchema()
  const poison = newEvent()
  const { position } = await log.append('failing-0', [newEvent(), poison], 'none')
  const projection = countingProjection(['failing'])
  const running = await runProjection(log, pool, projection, { schema })
  await running.waitFor(position, WAIT)
  await running.stop()
  const before = await tableDigests(pool, projection, schema)
  await t.rejects(rebuildProjection(log, pool, poisoned('failing', poison.id), { schema }), {
    message: 'cannot digest this',
  })
  t.same(await tableDigests(pool, projection, schema), before)

  let second: Promise<unknown> | undefined
  const options: RebuildOptions = {
    schema,
    onProgress: () => {
      second ??= rebuildProjection(log, pool, projection, { schema }).catch((error: unknown) => error)
    },
  }
  const slow = countingProjection(['failing'], { pauseMs: 1 })
  await rebuildProjection(log, pool, slow, options)
  const left = await pool.query(`select 1 from pg_namespace where nspname like '%_rebuild_%'`)
  t.match(await second, { name: 'RebuildRunning' })
  t.equal(left.rowCount, 0, 'no fresh schema is left behind')
})
