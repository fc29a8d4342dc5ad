import { venueEvents } from '@colibri/contracts'
import t from 'tap'
import { type ReportStanding, venueNews } from './venue-events.ts'

const report = (kind: 'open' | 'throttled' | 'banned', until: number, time: number): ReportStanding => ({
  host: 'api.venue.test',
  address: 'shared',
  standing: { kind, until, strikes: kind === 'open' ? 0 : 1 },
  time,
})

/** Types of the events that a row of reports leaves in the log. */
const told = (reports: readonly ReportStanding[]): string[] => {
  let state = venueNews.initialState
  return reports.flatMap((one) => {
    const events = venueNews.decide(one, state)
    for (const event of events) {
      venueEvents[event.type].parse(event.data)
      state = venueNews.evolve(state, event)
    }
    return events.map(({ type }) => type)
  })
}

t.test('each change once, whoever reports it and however often', async (t) => {
  t.same(told([report('banned', 5_000, 0), report('banned', 5_300, 10), report('banned', 4_900, 20)]), ['VenueBanned'])
  t.same(told([report('open', 0, 0)]), [])
  t.same(told([report('throttled', 1_000, 0), report('open', 1_100, 1_100), report('open', 1_100, 1_101)]), [
    'VenueThrottled',
    'VenueRecovered',
  ])
  t.same(told([report('throttled', 1_000, 0), report('banned', 9_000, 500), report('throttled', 20_000, 600)]), [
    'VenueThrottled',
    'VenueBanned',
  ])
  t.same(
    told([report('throttled', 1_000, 0), report('throttled', 3_500, 1_500)]),
    ['VenueThrottled', 'VenueThrottled'],
    'a second refusal after the first pause is another change',
  )
  t.same(told([report('banned', 1_000, 0), report('banned', 60_000, 500)]), ['VenueBanned', 'VenueBanned'], 'longer')
})
