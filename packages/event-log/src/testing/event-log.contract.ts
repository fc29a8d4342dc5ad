import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import {
  comparePositions,
  DuplicateEvent,
  type EventFilter,
  type EventLog,
  type Page,
  type Position,
  type RecordedEvent,
  START,
  VersionConflict,
} from '../event-log.ts'
import { type Fence, FencedOff } from '../fence.ts'
import { withUpcasters } from '../upcasting.ts'
import { newEvent } from './new-event.ts'

/** Opens a log for one suite; it may hold events of others already. */
export type LogFactory = (t: Test) => Promise<EventLog>

/** Gives the lease of this name to a new owner: its fence. `refused`: the driver cannot keep fences. */
export type Fencing = ((lease: string) => Promise<Fence>) | 'refused'

const readToEnd = async (
  log: EventLog,
  from: Position,
  filter: EventFilter,
  limit: number,
): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = []
  for (let position = from; ; ) {
    const page = await log.readAll(position, { filter, limit })
    events.push(...page.events)
    if (page.atEnd && !page.pending) return events
    position = page.position
  }
}

const conflictOf = async (append: Promise<unknown>): Promise<VersionConflict | DuplicateEvent> => {
  try {
    await append
  } catch (error) {
    if (error instanceof VersionConflict || error instanceof DuplicateEvent) return error
    throw error
  }
  throw new Error('the append was expected to be refused')
}

/** What every driver of the log must do. Categories are random, so that runs may share one log. */
export const testEventLog = (t: Test, name: string, factory: LogFactory, fencing: Fencing): Promise<unknown> =>
  t.test(`event log contract: ${name}`, async (t) => {
    const log = await factory(t)
    const category = () => `c${randomUUID().replaceAll('-', '')}`
    const stream = (of = category()) => `${of}-${randomUUID()}`

    await t.test('an unknown stream is empty', async (t) => {
      t.same(await log.read(stream()), [])
    })

    await t.test('returns what was appended, exactly', async (t) => {
      const id = stream()
      const data = {
        text: 'ünïcode “quotes” \\ \u0001 🐦',
        big: '123456789012345678.123456789',
        list: [1, null, { a: [] }],
      }
      const first = newEvent({ type: 'Opened', schemaVersion: 3, data })
      const { metadata } = newEvent()
      const second = newEvent({ metadata: { ...metadata, address: '203.0.113.7' } })
      const before = Date.now()
      const result = await log.append(id, [first, second], 'none')
      const events = await log.read(id)
      t.equal(result.version, 1)
      t.equal(events.length, 2)
      for (const [index, given] of [first, second].entries()) {
        const { streamId, version, position, recordedAt, ...rest } = events[index] ?? ({} as RecordedEvent)
        t.same(rest, given)
        t.equal(streamId, id)
        t.equal(version, index)
        t.match(position, /^\d+\/\d+$/)
        t.ok(Math.abs(recordedAt - before) < 60_000, 'recorded now')
      }
      t.equal(events[1]?.position, result.position)
      t.same(
        (await log.read(id, 1)).map((event) => event.id),
        [second.id],
      )
      t.same(await log.read(id, 2), [])
    })

    await t.test('finds events by their positions', async (t) => {
      const id = stream()
      await log.append(id, [newEvent(), newEvent(), newEvent()], 'none')
      const events = await log.read(id)
      const [first, , third] = events.map(({ position }) => position)
      const [major = 0n, minor = 0n] = (third ?? '').split('/').map(BigInt)
      const found = await log.readAt([third ?? '', `${major + 1n}/${minor + 1n}`, first ?? ''])
      t.same(
        [...found].sort((a, b) => a.version - b.version),
        events.filter(({ version }) => version !== 1),
      )
      t.same(await log.readAt([]), [])
    })

    await t.test('knows its end', async (t) => {
      const { position } = await log.append(stream(), [newEvent(), newEvent()], 'none')
      t.equal(await log.end(), position)
    })

    await t.test('expected versions', async (t) => {
      const id = stream()
      const append = (expected: number | 'none' | 'any') => log.append(id, [newEvent()], expected)
      const missing = await conflictOf(append(0))
      t.match(missing, { name: 'VersionConflict', expected: 0, actual: 'none', streamId: id })
      t.equal((await append('none')).version, 0)
      t.match(await conflictOf(append('none')), { name: 'VersionConflict', expected: 'none', actual: 0 })
      t.equal((await append(0)).version, 1)
      t.match(await conflictOf(append(0)), { name: 'VersionConflict', expected: 0, actual: 1 }, 'stream is longer')
      t.match(await conflictOf(append(7)), { name: 'VersionConflict', expected: 7, actual: 1 }, 'stream is shorter')
      t.equal((await append('any')).version, 2)
      const fresh = stream()
      t.equal((await log.append(fresh, [newEvent(), newEvent()], 'any')).version, 1)
      t.equal((await log.read(id)).length, 3, 'refused appends wrote nothing')
    })

    await t.test('an event id is stored once', async (t) => {
      const id = stream()
      const event = newEvent()
      await log.append(id, [event], 'none')
      for (const expected of ['none', 0, 'any'] as const) {
        t.match(await conflictOf(log.append(id, [event], expected)), { name: 'DuplicateEvent', eventId: event.id })
      }
      const twice = newEvent()
      t.match(await conflictOf(log.append(stream(), [twice, twice], 'none')), { name: 'DuplicateEvent' })
      t.match(await conflictOf(log.append(id, [newEvent(), event], 0)), { name: 'DuplicateEvent', eventId: event.id })
      t.equal((await log.read(id)).length, 1, 'all or nothing')
    })

    if (fencing === 'refused') {
      await t.test('refuses a fence it cannot keep', async (t) => {
        const id = stream()
        await t.rejects(log.append(id, [newEvent()], 'none', { lease: id, token: 1 }), { name: 'TypeError' })
        t.same(await log.read(id), [])
      })
    } else {
      await t.test('a fence lets the newest token write and nobody before it', async (t) => {
        const lease = `lease ${randomUUID()}`
        const [id, other] = [stream(), stream()]
        await t.rejects(log.append(id, [newEvent()], 'none', { lease, token: 1 }), { name: 'FencedOff' }, 'never taken')
        const first = await fencing(lease)
        const stored = newEvent()
        await log.append(id, [stored], 'none', first)
        await log.append(id, [newEvent(), newEvent()], 0, first)
        await log.append(id, [newEvent()], 'any', first)
        t.match(await conflictOf(log.append(id, [newEvent()], 0, first)), { name: 'VersionConflict', actual: 3 })
        t.match(await conflictOf(log.append(other, [stored], 'none', first)), { name: 'DuplicateEvent' })

        const second = await fencing(lease)
        t.ok(second.token > first.token)
        for (const [of, expected] of [
          [id, 3],
          [id, 'any'],
          [id, 9],
          [other, 'none'],
        ] as const) {
          for (const events of [[newEvent()], [newEvent(), newEvent()]]) {
            await t.rejects(log.append(of, events, expected, first), { name: 'FencedOff', fence: first })
          }
        }
        t.match(
          await conflictOf(log.append(id, [stored], 3, first)),
          { name: 'DuplicateEvent' },
          'a retry that was stored',
        )
        t.equal((await log.append(id, [newEvent()], 3, second)).version, 4)
        t.equal((await log.append(id, [newEvent()], 4)).version, 5, 'without a fence nothing is asked')
        t.same(await log.read(other), [])
      })

      await t.test('taking over races with appends: nothing is stored under the old token afterwards', async (t) => {
        const lease = `lease ${randomUUID()}`
        const id = stream()
        let fence = await fencing(lease)
        for (let round = 0; round < 5; round += 1) {
          const old = fence
          let writing = true
          const writers = Array.from({ length: 6 }, async () => {
            while (writing) {
              try {
                await log.append(id, [newEvent({ data: { token: old.token } })], 'any', old)
              } catch (error) {
                if (error instanceof FencedOff) return
                throw error
              }
            }
          })
          await new Promise((resolve) => setTimeout(resolve, 20))
          fence = await fencing(lease)
          const stored = (await log.read(id)).length
          await Promise.all(writers)
          writing = false
          t.equal((await log.read(id)).length, stored, 'what was stored was stored before the new owner read')
        }
      })
    }

    await t.test('refuses what makes no sense', async (t) => {
      await t.rejects(log.append(stream(), [], 'any'), { name: 'TypeError' })
      await t.rejects(log.append('', [newEvent()], 'any'), { name: 'TypeError' })
      await t.rejects(log.append(stream(), [newEvent()], -1), { name: 'TypeError' })
      await t.rejects(log.append(stream(), [newEvent()], 1.5), { name: 'TypeError' })
      await t.rejects(log.readAll(START, { limit: 0 }), { name: 'TypeError' })
    })

    await t.test('of many writers expecting the same version one wins', async (t) => {
      const id = stream()
      for (const expected of ['none', 0, 1] as const) {
        const results = await Promise.allSettled(
          Array.from({ length: 12 }, () => log.append(id, [newEvent()], expected)),
        )
        t.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
        for (const result of results) {
          if (result.status === 'rejected') t.match(result.reason, { name: 'VersionConflict' })
        }
      }
      t.same(
        (await log.read(id)).map((event) => event.version),
        [0, 1, 2],
      )
    })

    await t.test('the global order keeps the order of every stream, page by page and filtered', async (t) => {
      const [left, right] = [category(), category()]
      const streams = [stream(left), stream(left), stream(right)]
      for (let round = 0; round < 8; round += 1) {
        await Promise.all(
          streams.map((id) =>
            log.append(id, [newEvent({ type: round % 2 === 0 ? 'Even' : 'Odd', data: { round } })], 'any'),
          ),
        )
      }
      const rounds = (events: readonly RecordedEvent[], id: string) =>
        events.filter((event) => event.streamId === id).map((event) => event.version)
      for (const limit of [1, 3, 1_000]) {
        const events = await readToEnd(log, START, { categories: [left, right] }, limit)
        t.equal(events.length, 24)
        for (const id of streams) t.same(rounds(events, id), [0, 1, 2, 3, 4, 5, 6, 7])
        for (const [index, event] of events.entries()) {
          const next = events[index + 1]
          if (next !== undefined) t.ok(comparePositions(event.position, next.position) < 0, 'positions rise')
        }
      }
      const odd = await readToEnd(log, START, { categories: [left], types: ['Odd'] }, 100)
      t.same([...new Set(odd.map((event) => event.type))], ['Odd'])
      t.equal(odd.length, 8)
      const third = odd[2]?.position ?? START
      t.equal((await readToEnd(log, third, { categories: [left], types: ['Odd'] }, 100)).length, 5, 'exclusive start')
    })

    await t.test('a subscription gets history and news, and a failing handler the same page again', async (t) => {
      const of = category()
      const id = stream(of)
      await log.append(id, [newEvent(), newEvent()], 'none')
      const seen: number[] = []
      const stop = new AbortController()
      let failures = 0
      let ended: () => void = () => {}
      const complete = new Promise<void>((resolve) => {
        ended = resolve
      })
      const handler = async ({ events }: Page) => {
        if (events.length > 0 && failures < 2) {
          failures += 1
          throw new Error('not now')
        }
        seen.push(...events.map((event) => event.version))
        if (seen.length === 5) ended()
      }
      const subscription = log.subscribe(START, { categories: [of] }, handler, stop.signal)
      await log.append(id, [newEvent()], 1)
      await log.append(id, [newEvent(), newEvent()], 2)
      await complete
      stop.abort()
      await subscription
      t.same(seen, [0, 1, 2, 3, 4])
      t.equal(failures, 2)
    })

    await t.test('a subscription whose filter matches nothing still passes every position', async (t) => {
      const stop = new AbortController()
      const { position } = await log.append(stream(), [newEvent()], 'none')
      await log.subscribe(
        START,
        { categories: [category()] },
        async (page) => {
          t.same(page.events, [])
          if (comparePositions(page.position, position) >= 0) stop.abort()
        },
        stop.signal,
      )
      t.pass('reached')
    })

    await t.test('old versions are upcast on every way of reading', async (t) => {
      const of = category()
      const id = stream(of)
      await log.append(id, [newEvent({ type: 'Named', data: { name: 'Ada Lovelace' } })], 'none')
      const upcast = withUpcasters(log, [
        { type: 'Named', fromVersion: 2, upcast: (data) => ({ ...data, greeted: false }) },
        {
          type: 'Named',
          fromVersion: 1,
          upcast: (data) => ({ names: 'name' in data && typeof data.name === 'string' ? data.name.split(' ') : [] }),
        },
      ])
      const expected = { schemaVersion: 3, data: { names: ['Ada', 'Lovelace'], greeted: false } }
      t.match((await upcast.read(id))[0], expected)
      t.match((await upcast.readAt((await log.read(id)).map(({ position }) => position)))[0], expected)
      t.match((await readToEnd(upcast, START, { categories: [of] }, 10))[0], expected)
      const stop = new AbortController()
      await upcast.subscribe(
        START,
        { categories: [of] },
        async ({ events }) => {
          if (events.length === 0) return
          t.match(events[0], expected)
          stop.abort()
        },
        stop.signal,
      )
      t.match((await log.read(id))[0], { schemaVersion: 1, data: { name: 'Ada Lovelace' } }, 'stored as it was')
    })
  })
