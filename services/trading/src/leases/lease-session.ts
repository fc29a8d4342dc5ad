import { setTimeout as sleep } from 'node:timers/promises'
import { type LeaseOwner, type LeaseTable, openLeases } from '@colibri/event-log'
import pg from 'pg'

const ANSWER_WITHIN_MS = 3_000
const AGAIN_MS = { first: 50, longest: 1_000 }
const CHANNEL = 'colibri_leases'

/** One connection that leases live by, made again when it breaks. */
export interface LeaseSession {
  /** Runs with the table of leases, one piece of work after the other; rejects while there is no connection. */
  run<T>(work: (table: LeaseTable) => Promise<T>): Promise<T>
  /** Tells the other replicas that something has changed. */
  announce(): Promise<void>
  close(): Promise<void>
}

export interface LeaseSessionDeps {
  readonly pool: pg.Pool
  readonly owner: LeaseOwner
  /** Another replica has announced a change, or the connection stands again. */
  changed(): void
  report(error: unknown, what: string): void
}

export class NoLeaseSession extends Error {
  override readonly name = 'NoLeaseSession'
}

/** Resolves with the first connection. Its session's end is what tells others that this process has died. */
export const openLeaseSession = async ({ pool, owner, changed, report }: LeaseSessionDeps): Promise<LeaseSession> => {
  let open: { readonly client: pg.Client; readonly table: LeaseTable } | undefined
  let closing = false
  let turn: Promise<unknown> = Promise.resolve()

  const connect = async (): Promise<void> => {
    const config: pg.ClientConfig & { query_timeout: number } = { ...pool.options, query_timeout: ANSWER_WITHIN_MS }
    const client = new pg.Client(config)
    const lost = (error?: Error): void => {
      if (open?.client !== client) return
      open = undefined
      // Whatever is left of it must end, or others would take this process for a living owner.
      client.end().catch(() => undefined)
      if (closing) return
      report(error ?? new Error('the connection ended'), 'the session of the account leases')
      reconnect().catch((failure: unknown) => report(failure, 'the session of the account leases'))
    }
    client.on('error', lost)
    client.on('end', () => lost())
    client.on('notification', () => changed())
    try {
      await client.connect()
      const table = await openLeases(client, owner)
      await client.query(`listen ${CHANNEL}`)
      open = { client, table }
    } catch (error) {
      client.end().catch(() => undefined)
      throw error
    }
  }

  const reconnect = async (): Promise<void> => {
    for (let wait = AGAIN_MS.first; !closing; wait = Math.min(AGAIN_MS.longest, wait * 2)) {
      try {
        await connect()
        changed()
        return
      } catch (error) {
        report(error, 'the session of the account leases')
        await sleep(wait)
      }
    }
  }

  await connect()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = turn.then(work, work)
    turn = run.catch(() => undefined)
    return run
  }

  return {
    run: (work) =>
      inTurn(async () => {
        if (open === undefined) throw new NoLeaseSession('the database of the account leases cannot be reached')
        const { client, table } = open
        try {
          return await work(table)
        } catch (error) {
          // A connection that stays silent is as good as none, and a late answer must not be taken for the next one's.
          if (error instanceof Error && /timeout/i.test(error.message)) client.emit('error', error)
          throw error
        }
      }),
    announce: async () => {
      await open?.client.query(`select pg_notify('${CHANNEL}', '')`)
    },
    close: async () => {
      closing = true
      const client = open?.client
      open = undefined
      await Promise.race([client?.end(), sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]).catch(() => undefined)
    },
  }
}
