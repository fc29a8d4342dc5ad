import { join } from 'node:path'
import {
  type NewEvent,
  openPostgresLog,
  randomEventId,
  runProjection,
  SEALS_FILE,
  startSealing,
} from '@colibri/event-log'
import { temporaryFolder, testPostgres } from '@colibri/testkit'
import { projections } from '@colibri/trading'
import pg from 'pg'
import t from 'tap'
import { rebuild } from './rebuild.ts'
import { verify } from './verify.ts'

const postgres = await testPostgres(t)
const home = await temporaryFolder('verified-home')
const pool = new pg.Pool({ connectionString: postgres.url })
const log = await openPostgresLog({ pool })
t.teardown(async () => {
  await log.close()
  await pool.end()
  await home.remove()
})

const event = (type: string, data: object, actor = 'user:ann'): NewEvent => ({
  id: randomEventId(),
  type,
  schemaVersion: 1,
  data,
  metadata: { actor, correlationId: 'c', causationId: 'c', time: 1_760_000_000_000 },
})
for (let index = 0; index < 12; index += 1) {
  const accountName = `account-${index % 3}`
  await log.append(
    `order-${index}`,
    [
      event('OrderSubmitted', { accountName, amount: '1.50' }),
      event('OrderAccepted', { venueOrderId: '7' }, 'venue:x'),
    ],
    'none',
  )
}
const said = async (command: (print: (line: string) => void) => Promise<number>) => {
  const lines: string[] = []
  const code = await command((line) => lines.push(line))
  return { code, lines }
}
const verified = () => said((print) => verify({ pool, log, driver: 'postgres', home: home.path }, print))

await t.test('rows to find events by are the same when they are made anew', async (t) => {
  const audit = projections.find(({ name }) => name === 'audit')
  if (audit === undefined) throw new Error('there is no audit')
  const running = await runProjection(log, pool, audit, { schema: 'trading', restMs: 60_000 })
  await running.catchUp(60_000)
  await log.append('order-12', [event('OrderSubmitted', { accountName: 'account-0' })], 'none')
  await running.catchUp(60_000)
  await running.stop()
  const { rows } = await pool.query<{ account_name: string; event_type: string; actor: string }>(
    `select account_name, event_type, actor from trading.audit order by number`,
  )
  t.equal(rows.length, 25)
  t.same(rows[3], { account_name: 'account-1', event_type: 'OrderAccepted', actor: 'venue:x' })
  const { code, lines } = await said((print) => rebuild(log, pool, 'audit', print))
  t.equal(code, 0)
  t.match(
    lines.find((line) => line.startsWith('audit:')),
    /^audit: identical, 25 rows/,
  )
})

await t.test('verify says what is sealed, and names what was changed', async (t) => {
  const none = await verified()
  t.equal(none.code, 0)
  t.match(none.lines, [
    '25 events in 13 streams',
    '0 events under 0 seals, 25 stored since the last one',
    /none are there$/,
  ])

  const sealing = await startSealing(log, pool, { anchors: join(home.path, SEALS_FILE), everyMs: 3_600_000 })
  await sealing.sealNow()
  await sealing.stop()
  const sound = await verified()
  t.equal(sound.code, 0)
  t.match(sound.lines, [
    '25 events in 13 streams',
    '25 events under 1 seals, 0 stored since the last one',
    /^seal 0 reaches \d+\/\d+, sha256 [0-9a-f]{64}$/,
    /^1 heads of seals compared in /,
    'nothing wrong',
  ])

  await pool.query(
    `update log.events set data = replace(data::text, '1.50', '1.60')::json where stream_id = 'order-5' and version = 0`,
  )
  const forged = await verified()
  t.equal(forged.code, 1)
  t.match(forged.lines.at(-2), /^found \{"kind":"event-changed",.*"streamId":"order-5","version":0/)
  t.equal(forged.lines.at(-1), '1 findings')
})
