import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { startColibri } from './colibri.ts'
import { fuzz, PATIENCE_MS } from './contract-routes/fuzz.ts'
import { openTargets } from './contract-routes/open-targets.ts'
import { patient } from './contract-routes/patient-api.ts'
import type { Target } from './contract-routes/targets.ts'
import { payloads } from './traversal/payloads.ts'
import { setTrap } from './traversal/trap.ts'
import { traverse } from './traversal/traverse.ts'

/**
 * `npm run fuzz`: requests by chance to every route that is served, then payloads that lead elsewhere in every text
 * parameter. `--seed` repeats a run, `--payloads 0` leaves the latter out, `--each` is how many of them a parameter gets
 * that names no file.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    parallel: { type: 'string', default: '8' },
    payloads: { type: 'string', default: '500' },
    each: { type: 'string', default: '500' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const colibri = await startColibri()

const leadElsewhere = async (targets: readonly Target[]): Promise<readonly string[]> => {
  const trap = await setTrap(colibri.home)
  try {
    const report = await traverse(colibri.url, trap, {
      targets,
      payloads: payloads(Number(values.payloads), trap.outside, trap.links),
      each: Number(values.each),
      atOnce: Number(values.parallel),
    })
    console.log(`${values.payloads} payloads, ${report.parameters} parameters, ${report.requests} requests`)
    for (const [status, count] of [...report.statuses].sort(([a], [b]) => a - b)) console.log(`${status}: ${count}`)
    const found = [...report.findings, ...(await trap.sprung())]
    for (const one of found.slice(0, 50)) console.log(one)
    console.log(`${found.length} findings`)
    return found
  } finally {
    await trap.remove()
  }
}

try {
  console.log(`${values.requests} requests, ${values.parallel} at once, seed ${seed}`)
  const asked = patient(api(colibri.url, PATIENCE_MS))
  const targets = await openTargets(asked, (await colibri.run()).urls.simulator ?? '')
  console.log(`${targets.length} routes, ${targets.filter(({ kind }) => kind === 'own').length} of them Colibri's own`)
  const { statuses, findings } = await fuzz(asked, {
    targets,
    seed,
    requests: Number(values.requests),
    atOnce: Number(values.parallel),
  })
  for (const [status, count] of [...statuses].sort(([a], [b]) => a - b)) console.log(`${status}: ${count}`)
  for (const { request, what } of findings.slice(0, 50)) console.log(`${request}\n  ${what}`)
  console.log(`${findings.length} findings, ${asked.repeated()} asked again after a 503 or 504`)
  const led = Number(values.payloads) === 0 ? [] : await leadElsewhere(targets)
  process.exitCode = findings.length + led.length === 0 ? 0 : 1
} finally {
  await colibri.stop()
}
