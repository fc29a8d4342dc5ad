import { parseArgs } from 'node:util'
import { disagreementCount } from './agreement.ts'
import { startColibri } from './colibri.ts'
import { crashRun } from './crash-run.ts'

/** `npm run chaos`: kills every part in turn under load, at least 20 times each, and compares exchange, log and read models. */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    rate: { type: 'string', default: '50' },
    victims: { type: 'string', default: 'gateway,trading,market-data,portfolio,nats,postgres' },
  },
})

const colibri = await startColibri()
try {
  const report = await crashRun(colibri, {
    victims: values.victims.split(','),
    killsEach: Number(values.kills),
    ordersPerSecond: Number(values.rate),
    say: (line) => console.log(line),
  })
  console.table(
    Object.entries(report.recoveryMs).map(([victim, times]) => ({
      victim,
      kills: times.length,
      'median ms to ready': [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)],
      'slowest ms to ready': Math.max(...times),
    })),
  )
  console.log(
    `${report.acknowledged} orders acknowledged, ${report.retries} attempts repeated, ${report.events} events`,
  )
  for (const [name, ids] of Object.entries(report.disagreements)) {
    const orders = ids as readonly string[]
    console.log(`${name}: ${orders.length}${orders.length > 0 ? ` (${orders.slice(0, 5).join(', ')})` : ''}`)
  }
  process.exitCode = disagreementCount(report) === 0 ? 0 : 1
} finally {
  await colibri.stop()
}
