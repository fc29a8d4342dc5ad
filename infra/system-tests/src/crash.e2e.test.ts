import t from 'tap'
import { startColibri } from './colibri.ts'
import { crashRun } from './crash-run.ts'

t.test(
  'every part killed under 20 orders a second: exchange, log and read models agree',
  { timeout: 240_000 },
  async (t) => {
    const colibri = await startColibri()
    t.teardown(() => colibri.stop())
    const report = await crashRun(colibri, {
      victims: ['gateway', 'trading', 'market-data', 'portfolio', 'nats', 'postgres'],
      killsEach: 1,
      ordersPerSecond: 20,
      say: (line) => t.comment(line),
    })
    t.ok(report.acknowledged >= 100, `${report.acknowledged} orders were acknowledged`)
    t.same(report.disagreements, {
      acknowledgedButNotInLog: [],
      acknowledgedButNotInReadModel: [],
      sentTwice: [],
      atVenueButNotInLog: [],
      unresolved: [],
      rejectedButAtVenue: [],
      differentAmounts: [],
      streamsWithGaps: [],
    })
  },
)
