import { setTimeout as sleep } from 'node:timers/promises'
import { venueStream } from '@colibri/contracts'
import { openPostgresLog } from '@colibri/event-log'
import { startSimulator } from '@colibri/exchange-simulator'
import { testNats, testPostgres } from '@colibri/testkit'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { askingReplica } from './testing/asking.ts'

const arrived = z.array(
  z.object({ at: z.number(), operation: z.string(), path: z.string(), method: z.string().optional() }),
)

/** Three replicas of the same installation at one venue. */
const installation = async (t: Test, limit: { cost: number; windowMs: number } | null, timeoutMs = 2_000) => {
  const [postgres, nats, simulator] = await Promise.all([testPostgres(t), testNats(t), startSimulator()])
  t.teardown(() => simulator.close())
  const settings = { databaseUrl: postgres.url, nats: nats.options, restUrl: simulator.restUrl, limit, timeoutMs }
  const replicas = await Promise.all(
    ['one', 'two', 'three'].map(async (instanceId) => {
      const replica = await askingReplica({ ...settings, instanceId })
      t.teardown(replica.end)
      return replica
    }),
  )
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(`${simulator.controlUrl}${path}`, init)
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return response.json()
  }
  const log = await openPostgresLog({ url: postgres.url })
  t.teardown(() => log.close())
  const host = new URL(simulator.restUrl).host
  return {
    nats,
    replicas,
    control,
    requests: async () => arrived.parse(await control('GET', '/requests')),
    events: () => log.read(venueStream(host, 'shared')),
    host,
  }
}

/** A tenth of it is what requests may be late: a shorter one asks a busy machine to be quick. */
const windowMs = 5_000
const twoWindows = 2 * windowMs
/** What ccxt reckons for these requests of Binance's spot API. */
const costs: Readonly<Record<string, number>> = { 'market-data': 0.4, cancel: 0.2 }

/** The most cost units that arrived within any window. */
const fullest = (requests: z.infer<typeof arrived>): number => {
  let most = 0
  for (const [first, { at }] of requests.entries()) {
    let sum = 0
    for (const request of requests.slice(first)) {
      if (request.at >= at + windowMs) break
      const cost = costs[request.operation]
      if (cost === undefined) throw new Error(`no cost is known of ${request.operation} ${request.path}`)
      sum += cost
    }
    most = Math.max(most, sum)
  }
  return most
}

t.test('three replicas share one budget: no window at the venue holds more', async (t) => {
  const cost = 20
  const { replicas, control, requests, nats } = await installation(t, { cost, windowMs })
  const [one, two, three] = replicas
  if (one === undefined || two === undefined || three === undefined) throw new Error('three replicas')
  // What opening the venues cost must leave the window first.
  await sleep(twoWindows)
  await control('DELETE', '/requests')

  const data = await Promise.all(
    replicas.map((one) => one.tell({ kind: 'hammer', what: 'prices', ms: twoWindows }, 'hammered')),
  )
  /** What a window may hold, beside what those add that have taken themselves for cut off. */
  const most = async (budget: number): Promise<number> => {
    const measured = await Promise.all(replicas.map((one) => one.tell({ kind: 'metrics' }, 'measured')))
    const cutOff = measured.filter(({ text }) => !/^colibri_venue_budget_cut_off_total 0$/m.test(text)).length
    if (cutOff > 0) t.comment(`${cutOff} replicas took themselves for cut off: the machine is full`)
    return budget + (cutOff * cost) / replicas.length + 1e-9
  }
  const ofData = await requests()
  const fullestOfData = fullest(ofData)
  t.ok(fullestOfData <= (await most(0.7 * cost)), `public data leaves the reserve alone: ${fullestOfData} of ${cost}`)
  t.ok(ofData.length > 40, `and uses what it may: ${ofData.length} requests`)
  for (const { answered } of data) t.ok(answered > 0, `each replica has a part: ${answered}`)

  const [orders] = await Promise.all([
    one.tell({ kind: 'hammer', what: 'cancel', ms: twoWindows }, 'hammered'),
    two.tell({ kind: 'hammer', what: 'prices', ms: twoWindows }, 'hammered'),
    three.tell({ kind: 'hammer', what: 'prices', ms: twoWindows }, 'hammered'),
  ])
  const all = await requests()
  const fullestOfAll = fullest(all)
  t.ok(
    fullestOfAll <= (await most(cost)),
    `with orders the whole budget is used and no more: ${fullestOfAll} of ${cost}`,
  )
  t.ok(fullestOfAll > 0.7 * cost, 'the reserve is for them')
  t.ok(orders.answered > 0)

  await t.test('while NATS is away too, and when it is back', async (t) => {
    await control('DELETE', '/requests')
    const hammering = Promise.all(
      replicas.map((one) => one.tell({ kind: 'hammer', what: 'prices', ms: 2 * twoWindows }, 'hammered')),
    )
    await sleep(windowMs / 3)
    await nats.kill()
    await sleep(500)
    const before = (await requests()).length
    await sleep((5 * windowMs) / 3)
    const alone = (await requests()).length
    await nats.restart()
    const counts = await hammering
    for (const { answered } of counts) t.ok(answered > 0, 'nobody is cut off from the venue')
    const after = await requests()
    t.ok(alone > before, 'requests go on without NATS')
    t.ok(fullest(after) <= cost + 1e-9, `never more than the budget: ${fullest(after)} of ${cost}`)
  })
})

t.test('a ban that one replica meets stops the others, and ends when the venue says', async (t) => {
  const { replicas, control, requests, events, host } = await installation(t, null)
  const [one, two, three] = replicas
  if (one === undefined || two === undefined || three === undefined) throw new Error('three replicas')
  const fault = { on: 'market-data', kind: '418', retryAfter: '4' }
  await control('POST', '/faults', fault)
  const first = await one.tell({ kind: 'ask' }, 'asked')
  t.match(first.error, /VenueUnavailable: .*418/)
  const { until } = first
  if (until === null) throw new Error('the ban has no end')
  await control('DELETE', '/requests')
  await sleep(200)
  for (const replica of [one, two, three]) {
    const refused = await replica.tell({ kind: 'ask' }, 'asked')
    t.match(refused.error, `VenueUnavailable: ${host} has banned this address until ${new Date(until).toISOString()}`)
    t.equal(refused.until, until, 'everybody names the same end')
    t.ok(refused.tookMs < 1_000, 'and at once')
  }
  t.match(await two.tell({ kind: 'order', id: 'during-the-ban' }, 'ordered'), {
    outcome: 'rejected',
    reason: /^not sent: VenueUnavailable: .*banned/,
  })
  t.same(await requests(), [], 'the venue hears nothing')
  const measured = await two.tell({ kind: 'metrics' }, 'measured')
  t.match(measured.text, new RegExp(`colibri_venue_pause_seconds\\{venue="${host}",kind="banned"\\} [1-4]`))
  for (const priority of ['data', 'order']) {
    t.match(
      measured.text,
      `colibri_venue_requests_held_total{venue="${host}",priority="${priority}",reason="pause"} 1\n`,
    )
  }

  await sleep(Math.max(0, until - Date.now()) + 100)
  for (const replica of [two, one, three]) t.equal((await replica.tell({ kind: 'ask' }, 'asked')).error, null)
  t.match(await two.tell({ kind: 'order', id: 'after-the-ban' }, 'ordered'), { outcome: 'accepted' })
  await sleep(300)
  const told = await events()
  t.same(
    told.map(({ type }) => type),
    ['VenueBanned', 'VenueRecovered'],
    'one event for each change',
  )
  t.match(told[0]?.data, { host, address: 'shared', until: Math.round(until), strikes: 1 })
})

t.test('429 pauses everybody for as long as Retry-After says, in seconds, as a date, or not at all', async (t) => {
  const { replicas, control, events } = await installation(t, null)
  const [one, two] = replicas
  if (one === undefined || two === undefined) throw new Error('two replicas')
  const pauseBy = async (retryAfter: string | null): Promise<number> => {
    await control('POST', '/faults', { on: 'market-data', kind: '429', retryAfter })
    const asked = Date.now()
    const { until } = await one.tell({ kind: 'ask' }, 'asked')
    if (until === null) throw new Error('the pause has no end')
    await sleep(200)
    t.match(await two.tell({ kind: 'ask' }, 'asked'), { error: /has asked for a pause until/, until })
    await sleep(Math.max(0, until - Date.now()) + 50)
    t.equal((await two.tell({ kind: 'ask' }, 'asked')).error, null, 'afterwards it is asked again')
    await sleep(200)
    return until - asked
  }
  const inSeconds = await pauseBy('2')
  t.ok(inSeconds >= 1_900 && inSeconds < 4_000, `two seconds: ${inSeconds}`)
  // A date has whole seconds, by the venue's own clock.
  const asDate = await pauseBy(new Date(Date.now() + 3_000).toUTCString())
  t.ok(asDate >= 1_000 && asDate < 5_000, `three seconds, cut to whole ones: ${asDate}`)
  const unsaid = await pauseBy(null)
  t.ok(unsaid >= 3_900, `the third refusal in a row, twice doubled: ${unsaid}`)
  t.same(
    (await events()).map(({ type }) => type),
    ['VenueThrottled', 'VenueRecovered', 'VenueThrottled', 'VenueRecovered', 'VenueThrottled', 'VenueRecovered'],
  )
})

t.test('when those who met a refusal cannot tell each other, each keeps to it and the log has it once', async (t) => {
  const { replicas, control, nats, events } = await installation(t, null)
  await nats.kill()
  await sleep(200)
  await control('POST', '/faults', { on: 'market-data', kind: '418', retryAfter: '5', times: 3 })
  const met = await Promise.all(replicas.map((replica) => replica.tell({ kind: 'ask' }, 'asked')))
  t.same(
    met.map(({ until }) => until !== null),
    [true, true, true],
  )
  await sleep(500)
  t.same(
    (await events()).map(({ type }) => type),
    ['VenueBanned'],
  )
})
