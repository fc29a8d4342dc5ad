import { env } from 'node:process'
import pg from 'pg'
import { openPostgresLog } from '../postgres-log.ts'
import { runProjection } from '../run-projection.ts'
import { countingProjection } from './counting-projection.ts'

// A process of its own that runs a projection, slowly enough to be killed at work. Says `ready` once it is at work.
const pool = new pg.Pool({ connectionString: env['PROJECTION_URL'], max: 4 })
const log = await openPostgresLog({ pool, pageEvents: 10 })
const projection = countingProjection([env['PROJECTION_CATEGORY'] ?? ''], { pauseMs: 5 })
await runProjection(log, pool, projection, { schema: env['PROJECTION_SCHEMA'] ?? '' })
process.stdout.write('ready\n')
