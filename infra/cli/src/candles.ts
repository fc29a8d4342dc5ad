import { LaunchError } from '@colibri/local'
import { CandleFileInvalid, createCandleTables } from '@colibri/market-data/candles'
import pg from 'pg'
import { ArgumentsWrong, candleCommand, usage } from './candle-command.ts'
import { runCandleCommand } from './run-candle-command.ts'
import { runningDatabase } from './running-database.ts'

/** `npm run candles -- import | export | list`, against the running system or `DATABASE_URL`. */
const run = async (): Promise<void> => {
  const command = candleCommand(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
  const pool = new pg.Pool({ connectionString: runningDatabase(), connectionTimeoutMillis: 5_000, max: 4 })
  // A connection that ends while idle is noticed by the next query.
  pool.on('error', () => undefined)
  try {
    await createCandleTables(pool)
    await runCandleCommand(command, { pool, now: Date.now(), out: process.stdout, progress: process.stderr })
  } finally {
    await pool.end()
  }
}

const sentence = (error: unknown): string => {
  if (error instanceof ArgumentsWrong) return `${error.message}\n${usage}`
  if (error instanceof CandleFileInvalid) return `Nothing was imported.\n${error.message}`
  if (error instanceof LaunchError) return error.message
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

try {
  await run()
} catch (error) {
  console.error(sentence(error))
  process.exitCode = 1
}
