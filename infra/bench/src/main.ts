import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@colibri/local'
import { measureBooks } from './books.ts'
import { measureCandles } from './candles.ts'
import { measureLogAppend } from './log-append.ts'
import { measureProjections } from './projections.ts'
import { report } from './report.ts'
import { measureSockets } from './sockets.ts'
import { measureSystem } from './system.ts'

/** `npm run bench`: every figure in one run. */
const dir = await mkdtemp(join(tmpdir(), 'colibri-bench-'))
const postgres = await startPostgres({ dir })
try {
  // First, on a log that holds its events alone: reading past the millions of the append bench is another question.
  const projections = await measureProjections(postgres.url)
  const log = await measureLogAppend(postgres.url)
  await postgres.stop()
  await report([
    ...log,
    ...projections,
    ...(await measureSystem()),
    ...(await measureSockets()),
    ...(await measureCandles()),
    ...(await measureBooks()),
  ])
} finally {
  await postgres.stop()
  await rm(dir, { recursive: true, force: true })
}
