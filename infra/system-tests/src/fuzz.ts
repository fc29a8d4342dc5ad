import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { startColibri } from './colibri.ts'
import { fuzz, PATIENCE_MS } from './contract-routes/fuzz.ts'

/** `npm run fuzz`: requests by chance to every route of market data; `--seed` repeats a run. */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    parallel: { type: 'string', default: '8' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const colibri = await startColibri()
try {
  console.log(`${values.requests} requests, ${values.parallel} at once, seed ${seed}`)
  const { statuses, findings } = await fuzz(api(colibri.url, PATIENCE_MS), {
    seed,
    requests: Number(values.requests),
    atOnce: Number(values.parallel),
  })
  for (const [status, count] of [...statuses].sort(([a], [b]) => a - b)) console.log(`${status}: ${count}`)
  for (const { request, what } of findings.slice(0, 50)) console.log(`${request}\n  ${what}`)
  console.log(`${findings.length} findings`)
  process.exitCode = findings.length === 0 ? 0 : 1
} finally {
  await colibri.stop()
}
