import { startSimulator } from '@colibri/exchange-simulator'
import t from 'tap'
import { openVenues } from './open-venues.ts'
import { VenueUnavailable } from './venue.ts'

t.test('streams that stand go on through a ban, and none is opened during it', async (t) => {
  const simulator = await startSimulator()
  const venues = openVenues({ urls: { simulator: { rest: simulator.restUrl, ws: simulator.wsUrl } } })
  const stop = new AbortController()
  t.teardown(async () => {
    stop.abort()
    await venues.close()
    await simulator.close()
  })
  const live = venues.liveVenue('simulator')
  const standing = live.ticker('BTC-USDT', stop.signal)[Symbol.asyncIterator]()
  t.match(await standing.next(), { value: { kind: 'data' } })

  const fault = { on: 'market-data', kind: '418', retryAfter: '2' }
  await fetch(`${simulator.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(fault) })
  const refused = await venues
    .publicVenue('simulator')
    .prices(['BTC-USDT'])
    .catch((error: unknown) => error)
  t.ok(refused instanceof VenueUnavailable)
  const until = refused instanceof VenueUnavailable ? refused.until : null
  t.type(until, 'number')
  t.match(await standing.next(), { value: { kind: 'data' } }, 'what stands goes on')

  await fetch(`${simulator.controlUrl}/websockets/drop`, { method: 'POST', body: '{}' })
  const seen: unknown[] = []
  let data = false
  while (!data) {
    const { value } = await standing.next()
    if (value?.kind === 'data' && seen.length > 0) data = true
    if (value?.kind === 'interrupted') seen.push(value.error)
  }
  t.ok(
    seen.some((error) => error instanceof VenueUnavailable && error.until === until),
    'a stream that broke is told when to come again',
  )
  t.ok(Date.now() >= (until ?? 0), 'and comes back when the ban is over')
})
