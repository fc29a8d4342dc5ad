import { testPostgres } from '@colibri/testkit'
import t from 'tap'
import type { CommandContext, Decider } from './decider.ts'
import { derivedEventId, randomEventId } from './event-id.ts'
import { type EventLog, VersionConflict } from './event-log.ts'
import { handleCommand } from './handle-command.ts'
import { openPostgresLog } from './postgres-log.ts'
import { newEvent } from './testing/index.ts'

type Moved = { readonly type: 'Deposited' | 'Withdrawn'; readonly data: { readonly amount: number } }
interface Move {
  readonly by: number
}

class Overdrawn extends Error {
  override readonly name = 'Overdrawn'
}

const account: Decider<Move, number, Moved> = {
  initialState: 0,
  decide: ({ by }, balance) => {
    if (balance + by < 0) throw new Overdrawn(`${balance} is less than ${-by}`)
    if (by === 0) return []
    return [{ type: by > 0 ? 'Deposited' : 'Withdrawn', data: { amount: Math.abs(by) } }]
  },
  evolve: (balance, { type, data }) => (type === 'Deposited' ? balance + data.amount : balance - data.amount),
}

const context = (change: Partial<CommandContext> = {}): CommandContext => ({ metadata: newEvent().metadata, ...change })
const log = await openPostgresLog({ url: (await testPostgres(t)).url })
t.teardown(() => log.close())

await t.test('decides on the state the events make, and appends what it decided', async (t) => {
  t.match(await handleCommand(log, account, 'account-1', { by: 10 }, context()), {
    state: 10,
    appended: { version: 0 },
  })
  const handled = await handleCommand(
    log,
    account,
    'account-1',
    { by: -4 },
    context({ schemaVersions: { Withdrawn: 2 } }),
  )
  t.match(handled, { state: 6, events: [{ type: 'Withdrawn', data: { amount: 4 } }], appended: { version: 1 } })
  const stored = await log.read('account-1')
  t.same(
    stored.map(({ schemaVersion }) => schemaVersion),
    [1, 2],
  )
  t.equal(stored[1]?.position, handled.appended?.position)
  const nothing = await handleCommand(log, account, 'account-1', { by: 0 }, context())
  t.same(nothing, { state: 6, events: [] })
  await t.rejects(handleCommand(log, account, 'account-1', { by: -7 }, context()), Overdrawn)
  t.equal((await log.read('account-1')).length, 2)
})

await t.test('a command that lost a race is decided again on the fresh state', async (t) => {
  await handleCommand(log, account, 'account-2', { by: 3 }, context())
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => handleCommand(log, account, 'account-2', { by: -1 }, context())),
  )
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 3)
  for (const result of results) if (result.status === 'rejected') t.ok(result.reason instanceof Overdrawn)
  t.equal((await log.read('account-2')).length, 4)
})

await t.test('an idempotency key makes the same command append once', async (t) => {
  const keyed = context({ idempotencyKey: 'transfer-7' })
  const results = await Promise.all(
    Array.from({ length: 4 }, () => handleCommand(log, account, 'account-3', { by: 5 }, keyed)),
  )
  const stored = await log.read('account-3')
  t.equal(stored.length, 1)
  t.equal(stored[0]?.id, derivedEventId('account-3', 'transfer-7', 0))
  for (const result of results) {
    t.same(result.events, [{ type: 'Deposited', data: { amount: 5 } }])
    t.same(result.appended, { version: 0, position: stored[0]?.position })
  }
  await handleCommand(log, account, 'account-3', { by: 2 }, context())
  const late = await handleCommand(log, account, 'account-3', { by: 5 }, keyed)
  t.match(late, { state: 7, events: [{ data: { amount: 5 } }], appended: { version: 0 } })
})

await t.test('gives up with the conflict when it loses every race', async (t) => {
  let reads = 0
  const contended: EventLog = {
    ...log,
    read: async (streamId) => {
      const events = await log.read(streamId)
      reads += 1
      await log.append(streamId, [newEvent({ type: 'Deposited', data: { amount: 1 } })], 'any')
      return events
    },
  }
  await t.rejects(handleCommand(contended, account, 'account-4', { by: 1 }, context()), VersionConflict)
  t.ok(reads > 1)
  t.equal((await log.read('account-4')).length, reads, 'none of its own')
})

await t.test('event ids', async (t) => {
  t.match(randomEventId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.match(derivedEventId('a', 'k', 0), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const derived = [
    derivedEventId('a', 'k', 0),
    derivedEventId('a', 'k', 1),
    derivedEventId('b', 'k', 0),
    derivedEventId('a', 'l', 0),
  ]
  t.equal(new Set(derived).size, 4)
  t.equal(derivedEventId('a', 'k', 0), derived[0])
})
