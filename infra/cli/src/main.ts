import pg from 'pg'
import { rebuild } from './rebuild.ts'
import { runningDatabase, runningHome, runningLog } from './running-database.ts'
import { showStream } from './stream.ts'
import { tail } from './tail.ts'
import { verify } from './verify.ts'

/** `npm run log -- tail | stream <id> | rebuild <projection> | verify`, against the running system or `DATABASE_URL`. */
const usage = `Usage: npm run log -- <command>
  tail                    every event as it is stored, from now on; --from-start: from the first
  stream <id>             the history of one aggregate: order-<client order id>, or the client order id alone
  rebuild <projection>    the read model again from the first event; says whether it differs
  verify                  checks versions, ids, readability and checkpoints of the whole log, and its seals`

const [command, ...args] = process.argv.slice(2)
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const run = async (): Promise<number> => {
  if (command === undefined || !['tail', 'stream', 'rebuild', 'verify'].includes(command)) {
    console.error(command === undefined ? usage : `Unknown command ${command}.\n${usage}`)
    return 1
  }
  const pool = new pg.Pool({ connectionString: runningDatabase(), connectionTimeoutMillis: 5_000, max: 4 })
  const { log, driver } = await runningLog(pool)
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  try {
    switch (command) {
      case 'tail':
        return await tail(log, args.includes('--from-start') ? 'start' : 'end', print, stopping.signal)
      case 'stream':
        return await showStream(log, args[0], print)
      case 'rebuild':
        return await rebuild(log, pool, args[0], print)
      default:
        return await verify({ pool, log, driver, home: runningHome() }, print)
    }
  } finally {
    await log.close()
    await pool.end()
  }
}

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
