import { parseArgs } from 'node:util'
import { disagreementCount } from './agreement.ts'
import { startColibri } from './colibri.ts'
import { crashRun } from './crash-run.ts'
import { isTooMuch } from './faults/fault.ts'
import { faults } from './faults/index.ts'

/**
 * `npm run chaos`: kills every part in turn under load, at least 20 times each, and compares exchange, log and read models.
 * `npm run chaos -- <id>`: one row of the fault matrix; `--load 0.3` is for a machine that does other work.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '20' },
    rate: { type: 'string', default: '50' },
    victims: { type: 'string', default: 'gateway,trading,market-data,portfolio,nats,postgres' },
    rounds: { type: 'string' },
    load: { type: 'string', default: '1' },
  },
})

const killEverything = async (): Promise<void> => {
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
}

const runFault = async (id: string): Promise<void> => {
  const found = faults[id.toLowerCase()]
  const rounds = Number(values.rounds ?? found?.rounds)
  if (found === undefined) {
    console.error(
      `There is no fault ${id}: give one of ${Object.keys(faults).join(', ')}, or none to kill every part in turn.`,
    )
    process.exitCode = 1
    return
  }
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(`--rounds ${values.rounds} is wrong: give a whole number from 1 on.`)
    process.exitCode = 1
    return
  }
  const loadShare = Number(values.load)
  if (!(loadShare > 0 && loadShare <= 1)) {
    console.error(`--load ${values.load} is wrong: give the share of the load, above 0 and at most 1.`)
    process.exitCode = 1
    return
  }
  console.log(`${id.toUpperCase()}: ${found.fault.title}; ${rounds} rounds, ${loadShare * 100} % of the load`)
  try {
    const figures = await found.fault.run({ rounds, loadShare, say: (line) => console.log(line) })
    console.table(Object.entries(figures).map(([figure, value]) => ({ figure, value })))
    process.exitCode = Object.values(figures).some(isTooMuch) ? 1 : 0
  } catch (error) {
    console.error(`${id.toUpperCase()} does not hold: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

const [id] = positionals
await (id === undefined ? killEverything() : runFault(id))
