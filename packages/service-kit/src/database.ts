import pg from 'pg'
import type { Logger } from 'pino'
import { waitFor } from './wait-for.ts'

export interface DatabaseOptions {
  readonly url: string
  readonly name: string
  readonly logger: Logger
  readonly bootMs: number
}

export interface Database {
  readonly pool: pg.Pool
  /** Resolves when Postgres answers now; rejects in bounded time otherwise. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** To a free connection of the pool, or to a new one. A busy machine may take seconds over either, and is not dead for it. */
const connectMs = 4_000
/** Silence for so long is death. */
const probeMs = 4_000
const statementMs = 30_000
/**
 * A process that is frozen in the middle of a transaction would keep its locks, and keep every reader of the log from passing
 * it: shorter than the lease that others wait for.
 */
const idleInTransactionMs = 5_000

/**
 * The pool of the service. A server that is gone refuses at once; one that is frozen answers nothing at all, and no
 * statement timeout helps, as the server itself would have to keep it. So a probe that gets no answer cuts every connection:
 * requests that wait fail and are answered with 503 rather than hang.
 */
export const openDatabase = async ({ url, name, logger, bootMs }: DatabaseOptions): Promise<Database> => {
  const settings: pg.PoolConfig = {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  }
  const pool = new pg.Pool({
    ...settings,
    max: 16,
    idleTimeoutMillis: 60_000,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  })
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle database connection was lost'))

  let prober: pg.Client | undefined
  const drop = (client: pg.Client | pg.PoolClient): void => {
    const ended = 'end' in client && typeof client.end === 'function' ? client.end() : undefined
    ended?.catch(() => undefined)
  }
  const connectProber = async (): Promise<pg.Client> => {
    const client = new pg.Client({ ...settings, query_timeout: probeMs })
    const forget = (): void => {
      if (prober === client) prober = undefined
    }
    client.on('error', forget).on('end', forget)
    await client.connect()
    prober = client
    return client
  }
  const probe = async (): Promise<void> => {
    try {
      await (prober ?? (await connectProber())).query('select 1')
    } catch (error) {
      const frozen = error instanceof Error && /timeout/i.test(error.message)
      if (prober) drop(prober)
      prober = undefined
      if (frozen) for (const client of clients) drop(client)
      throw error
    }
  }

  try {
    await waitFor('Postgres (DATABASE_URL)', bootMs, probe)
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    pool,
    probe,
    close: async () => {
      if (prober) drop(prober)
      await pool.end()
    },
  }
}
