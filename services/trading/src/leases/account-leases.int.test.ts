import { setTimeout as sleep } from 'node:timers/promises'
import { prepareLeases } from '@colibri/event-log'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { eventually } from '../test-bed.ts'
import type { AccountLeases, AccountLeasesDeps } from './account-leases.ts'
import { createAccountLeases } from './create-account-leases.ts'
import { openLeaseSession } from './lease-session.ts'
import { type Instant, instant } from './term.ts'

/** Replicas in one process on one Postgres: what they believe of their leases, and what is true. */
const postgres = await testPostgres(t)
const pool = new pg.Pool({ connectionString: postgres.url, max: 4 })
pool.on('error', () => undefined)
await prepareLeases(pool)

const running: AccountLeases[] = []
t.teardown(async () => {
  for (const leases of running) await leases.leave().catch(() => undefined)
  await pool.end()
})

interface Replica {
  readonly leases: AccountLeases
  readonly adopted: string[]
  readonly abandoned: string[]
  readonly failed: unknown[]
  /** What its clocks are ahead by. */
  ahead: number
}

const replica = (id: string, accounts: readonly string[], change: Partial<AccountLeasesDeps> = {}): Replica => {
  const owner = { id, ttlMs: 6_000, address: `http://${id}` }
  const made = { adopted: [] as string[], abandoned: [] as string[], failed: [] as unknown[], ahead: 0 }
  const now = (): Instant => {
    const { steady, wall } = instant()
    return { steady: steady + made.ahead, wall: wall + made.ahead }
  }
  const leases = createAccountLeases({
    owner,
    mode: 'shared',
    openSession: (address, changed) =>
      openLeaseSession({ pool, owner: { ...owner, address }, changed, report: () => undefined }),
    accounts: async () => accounts,
    exists: async (account) => accounts.includes(account),
    together: () => false,
    adopt: async (account) => void made.adopted.push(account),
    drained: async () => undefined,
    abandon: async (account) => void made.abandoned.push(account),
    becameKeeper: () => undefined,
    giveUp: (reason) => void made.failed.push(reason),
    now,
    background: (_name, work) => void work.catch((error: unknown) => made.failed.push(error)),
    logger: { info: () => undefined, warn: () => undefined },
    ...change,
  })
  running.push(leases)
  return Object.assign(made, { leases })
}

/** Somebody this process knows nothing of takes the lease, for as long as it says. */
const rob = (account: string, seconds: number) =>
  pool.query(
    `update log.leases set owner = 'rival', token = token + 1, address = 'http://rival',
      expires_at = clock_timestamp() + $2 * interval '1 second' where name = $1`,
    [`trading account ${account}`, seconds],
  )
const clearanceOf = async ({ leases }: Replica, account: string) => (await leases.clearance(account)()) ?? 'at once'

t.test('what is taken over may no longer be written or sent, and comes back when it is free', async (t) => {
  const one = replica('one', ['a1', 'a2'])
  await one.leases.join('http://one')
  t.same(one.adopted.sort(), ['a1', 'a2'])
  t.equal(one.leases.isKeeper(), true)
  t.same(one.leases.fence('a1'), { lease: 'trading account a1', token: 1 })
  t.equal(one.leases.soleSince('a1'), 0, 'nobody had it before')
  t.equal(await clearanceOf(one, 'a1'), 'at once')
  t.same(await one.leases.locate('nobody'), { kind: 'nowhere' })

  one.ahead = 5_500
  t.equal(await clearanceOf(one, 'a1'), 'clear', 'past its term it asks first, and nobody else had taken it')
  t.equal(one.leases.fence('a1')?.token, 1)

  await rob('a1', 3)
  one.ahead = 12_000
  t.match(await clearanceOf(one, 'a1'), { reason: "another trading process has account 'a1'" })
  t.throws(() => one.leases.fence('a1'), { message: /is moving to another trading process/ })
  t.same(one.abandoned, ['a1'])
  t.equal(one.leases.enter('a1'), undefined)
  t.same(await one.leases.locate('a1'), { kind: 'elsewhere', address: 'http://rival' })
  t.equal(await clearanceOf(one, 'a2'), 'at once', 'the other account is still held')

  await eventually(async () => one.leases.ready('a1'), Boolean)
  t.equal(one.leases.fence('a1')?.token, 3)
  t.ok(one.leases.soleSince('a1') > 0, 'the rival may have sent something until then')
  await one.leases.leave()
})

t.test('an account that is lost while it is given away ends nothing and blocks nothing', async (t) => {
  const accounts = ['b1', 'b2']
  const two = replica('two', accounts)
  await two.leases.join('http://two')
  const under = accounts.map((account) => two.leases.enter(account))
  const three = replica('three', accounts)
  await three.leases.join('http://three')
  // It waits for the requests under way, and meanwhile somebody takes what it is giving.
  await eventually(async () => accounts.some((account) => !two.leases.ready(account)), Boolean)
  const given = accounts.find((account) => !two.leases.ready(account)) ?? ''
  await rob(given, 2)
  await two.leases.look()
  t.equal(two.leases.holds(given), false)
  for (const entered of under) entered?.end()
  await eventually(async () => three.leases.ready(given), Boolean)
  await two.leases.look()
  t.same(await two.leases.locate(given), { kind: 'elsewhere', address: 'http://three' })

  await two.leases.handOver()
  const kept = accounts.find((account) => account !== given) ?? ''
  await eventually(async () => three.leases.ready(kept), Boolean)
  t.equal(three.leases.soleSince(kept), 0, 'it was given back with nothing under way')
  await eventually(async () => three.leases.isKeeper(), Boolean)
  await two.leases.leave()
  await three.leases.leave()
})

t.test('an account that is deleted is given back', async (t) => {
  const accounts = ['e1', 'e2']
  const eight = replica('eight', accounts)
  await eight.leases.join('http://eight')
  accounts.pop()
  await eight.leases.look()
  await eventually(
    async () => eight.leases.holds('e2'),
    (holds) => !holds,
  )
  t.equal(eight.leases.ready('e1'), true)
  t.same(await eight.leases.locate('e2'), { kind: 'nowhere' })
  await eight.leases.leave()
})

t.test('a lost connection costs no account as long as nobody takes it', async (t) => {
  const four = replica('four', ['c1'])
  await four.leases.join('http://four')
  await pool.query(`select pg_terminate_backend(backend_pid) from log.leases where name = 'trading account c1'`)
  await eventually(
    () =>
      four.leases.look().then(
        () => true,
        () => false,
      ),
    Boolean,
  )
  t.equal(four.leases.ready('c1'), true)
  t.equal(four.leases.fence('c1')?.token, 1)
  t.same(four.adopted, ['c1'])
  await four.leases.leave()
})

t.test('where the log keeps no fences there is one trading process, and a second one says why it ends', async (t) => {
  const alone = { mode: 'exclusive' } as const
  const five = replica('five', ['d1'], alone)
  await five.leases.join('http://five')
  t.equal(five.leases.fence('d1'), undefined)
  const six = replica('six', ['d1'], { ...alone, owner: { id: 'six', ttlMs: 1_000 } })
  await t.rejects(six.leases.join('http://six'), {
    name: 'BootError',
    message: /several trading replicas need EVENT_LOG=postgres, as KurrentDB cannot fence off/,
  })
  t.same(six.adopted, [])
  const seven = replica('seven', ['d1'], alone)
  const joining = seven.leases.join('http://seven')
  await sleep(200)
  await five.leases.leave()
  await joining
  t.same(seven.adopted, ['d1'], 'the successor of one that ends waits for it')
})
