import { escapeIdentifier, type Pool } from 'pg'
import { commitWithCheckpoint, parkEvent } from './apply-batch.ts'
import { CHECKPOINT_TABLES, type CheckpointOutcome, loadCheckpoint } from './checkpoint.ts'
import { comparePositions, type EventLog, type Page, type Position, type RecordedEvent, START } from './event-log.ts'
import { backOff, pause } from './pause.ts'
import { isConnectionLoss, isTransient } from './postgres-errors.ts'
import { inTransaction, withClient } from './postgres-transaction.ts'
import {
  type Projection,
  ProjectionHalted,
  ProjectionStopped,
  ProjectionTimeout,
  type RunningProjection,
} from './projection.ts'

/** `halt`: stand still before the event. `park`: note it in `parked_events` and go on without it. */
export type PoisonDecision = 'halt' | 'park'

export interface RunProjectionOptions {
  /** Postgres schema of the projection's tables and checkpoint; created when missing. */
  readonly schema: string
  /** How often an event that fails is tried before it counts as poison; 5 unless given. Lost connections do not count. */
  readonly attempts?: number
  /** Decides about an event that failed every attempt; halts unless given. */
  readonly onPoison?: (event: RecordedEvent, error: unknown) => PoisonDecision
  /** Told of every failure, also those that are tried again. */
  readonly onError?: (error: unknown) => void
  /**
   * How long events collect after a batch, while nobody waits for them; 40 ms unless given. A read model that is asked
   * rarely costs next to nothing with some seconds.
   */
  readonly restMs?: number
  /** Passed with a batch's rows written and not committed: a crash test ends the process there. */
  readonly failpoint?: (name: 'rows-written') => void
}

const RETRY = { firstMs: 20, longestMs: 2_000 }
/** Many events in one transaction cost hardly more than one. */
const REST_MS = 40
/** A checkpoint that only moved past events of others is stored this often, so that a restart need not read them again. */
const IDLE_SAVE_MS = 5_000

/** Creates the schema, the checkpoint table and the projection's own tables where they are missing. */
export const createProjectionTables = async (pool: Pool, projection: Projection, schema: string): Promise<void> => {
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`colibri projection tables ${schema}`])
    await client.query(`create schema if not exists ${escapeIdentifier(schema)}`)
    await client.query(`set local search_path to ${escapeIdentifier(schema)}`)
    await client.query(CHECKPOINT_TABLES)
    await client.query(projection.tables)
  })
}

interface Waiter {
  readonly position: Position
  readonly settle: (error?: Error) => void
}

/**
 * Keeps a projection up to date: each batch's rows and checkpoint commit in one transaction, so every event is applied
 * exactly once, however often the process dies and however many runners share the tables. Resolves once the tables are
 * there; from then on the projection looks after itself until `stop`.
 */
export const runProjection = async (
  log: EventLog,
  pool: Pool,
  projection: Projection,
  {
    schema,
    attempts = 5,
    onPoison = () => 'halt',
    onError = () => {},
    failpoint = () => {},
    restMs = REST_MS,
  }: RunProjectionOptions,
): Promise<RunningProjection> => {
  await createProjectionTables(pool, projection, schema)

  const stopping = new AbortController()
  const waiters = new Set<Waiter>()
  /** Ends the rest between batches, if one is taken. */
  let goOn: () => void = () => {}
  const rest = async (): Promise<void> => {
    const awaited = new AbortController()
    goOn = () => awaited.abort()
    await pause(restMs, AbortSignal.any([stopping.signal, awaited.signal]))
  }
  /** The checkpoint in the database, as far as this runner knows. */
  let saved: Position = START
  /** Everything up to here is in the rows: `saved`, or further where only events of others followed. */
  let covered: Position = START
  let lastIdleSave = Date.now()
  let atEnd = false
  let failure: Error | undefined
  let behindSince: number | undefined = Date.now()

  const cover = (position: Position) => {
    covered = position
    for (const waiter of [...waiters]) if (comparePositions(waiter.position, covered) <= 0) waiter.settle()
  }
  const fail = (error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error))
    behindSince ??= Date.now()
    onError(failure)
  }
  const halt = async (halted: ProjectionHalted) => {
    fail(halted)
    for (const waiter of [...waiters]) waiter.settle(halted)
    await pause(2 ** 31 - 1, stopping.signal)
  }

  /** Commits events and their checkpoint; false when the checkpoint was not where this runner left it. */
  const commit = async (events: readonly RecordedEvent[], to: Position): Promise<boolean> => {
    const batch = { schema, projection: projection.name, from: saved, to }
    const outcome = await commitWithCheckpoint(pool, batch, async (client) => {
      await projection.apply(events, client)
      failpoint('rows-written')
    })
    return arrived(outcome, to)
  }
  const park = async (event: RecordedEvent, error: unknown): Promise<boolean> => {
    const batch = { schema, projection: projection.name, from: saved, to: event.position }
    const outcome = await commitWithCheckpoint(pool, batch, (client) =>
      parkEvent(client, projection.name, event, error),
    )
    return arrived(outcome, event.position)
  }
  const arrived = (outcome: CheckpointOutcome, to: Position): boolean => {
    // `already`: a rival, or this runner in a commit whose answer was lost, has applied exactly these events.
    if (outcome.kind !== 'saved' && outcome.kind !== 'already') return false
    saved = to
    cover(to)
    failure = undefined
    return true
  }

  /** Tries until it is done; an error that is the events' own is thrown after `attempts`. */
  const persist = async (work: () => Promise<boolean>): Promise<boolean> => {
    let own = 0
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        fail(error)
        if (stopping.signal.aborted) return false
        if (!isConnectionLoss(error) && !isTransient(error)) own += 1
        if (own >= attempts) throw error
        await pause(backOff(attempt, RETRY), stopping.signal)
        if (stopping.signal.aborted) return false
      }
    }
  }

  /** Applies events one by one to find the one that fails. False as in `commit`. */
  const applySingly = async (events: readonly RecordedEvent[], to: Position): Promise<boolean> => {
    for (const [index, event] of events.entries()) {
      const target = index === events.length - 1 ? to : event.position
      try {
        if (!(await persist(() => commit([event], target)))) return false
      } catch (error) {
        if (onPoison(event, error) === 'halt') {
          await halt(new ProjectionHalted(projection.name, event, error))
          return false
        }
        onError(
          new Error(`projection ${projection.name} parked event ${event.id} at ${event.position}`, { cause: error }),
        )
        if (!(await persist(() => park(event, error)))) return false
      }
    }
    return true
  }

  /** False: the checkpoint moved under us, read on from where it is now. */
  const handle = async ({ events, position, atEnd: end }: Page): Promise<boolean> => {
    let kept = true
    if (events.length > 0) {
      behindSince ??= Date.now()
      try {
        kept = await persist(() => commit(events, position))
      } catch {
        // Reported by `persist`; now the culprit is found.
        kept = await applySingly(events, position)
      }
    } else if (Date.now() - lastIdleSave > IDLE_SAVE_MS && comparePositions(position, saved) > 0) {
      kept = await persist(() => commit([], position))
      lastIdleSave = Date.now()
    } else {
      cover(position)
    }
    if (kept) atEnd = end
    if (kept && end) behindSince = undefined
    if (kept && end && waiters.size === 0) await rest()
    return kept
  }

  const followOnce = async (): Promise<void> => {
    saved = await withClient(pool, (client) => loadCheckpoint(client, schema, projection.name))
    failure = undefined
    cover(saved)
    const lost = new AbortController()
    readAgain = () => lost.abort()
    const signal = AbortSignal.any([stopping.signal, lost.signal])
    await log.subscribe(
      saved,
      projection.filter,
      async (page) => {
        if (!(await handle(page))) {
          atEnd = false
          lost.abort()
        }
      },
      signal,
    )
  }
  const follow = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      try {
        await followOnce()
        attempt = 0
      } catch (error) {
        fail(error)
        await pause(backOff(attempt, RETRY), stopping.signal)
      }
    }
  }

  /**
   * A server that crashed may have taken back the newest commits, which do not wait for the disk; nothing else would say
   * so before the next event. Every crash costs this pool its connections, so a lost one is the sign to look.
   */
  let readAgain: () => void = () => {}
  let connectionsLost = 0
  let looking: Promise<void> | undefined
  const look = async (): Promise<void> => {
    for (let seen = -1, attempt = 0; seen !== connectionsLost && !stopping.signal.aborted; attempt += 1) {
      const lost = connectionsLost
      try {
        const stored = await withClient(pool, (client) => loadCheckpoint(client, schema, projection.name))
        seen = lost
        attempt = 0
        if (stored !== saved) readAgain()
      } catch {
        // The runner itself reports a server that is away.
        await pause(backOff(attempt, RETRY), stopping.signal)
      }
    }
    looking = undefined
  }
  const onConnectionLost = () => {
    connectionsLost += 1
    if (!stopping.signal.aborted) looking ??= look()
  }
  pool.on('remove', onConnectionLost)
  const waitFor: RunningProjection['waitFor'] = (position, timeoutMs) =>
    new Promise((resolve, reject) => {
      if (comparePositions(position, covered) <= 0) return resolve()
      if (failure instanceof ProjectionHalted) return reject(failure)
      if (stopping.signal.aborted) return reject(new ProjectionStopped(projection.name))
      const waiter: Waiter = {
        position,
        settle: (error) => {
          clearTimeout(timer)
          waiters.delete(waiter)
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      const timer = setTimeout(() => {
        waiter.settle(new ProjectionTimeout(projection.name, position, covered))
      }, timeoutMs)
      waiters.add(waiter)
      goOn()
    })

  const following = follow()

  return {
    name: projection.name,
    position: () => covered,
    caughtUp: () => atEnd && failure === undefined,
    behindSince: () => behindSince,
    error: () => failure,
    waitFor,
    catchUp: async (timeoutMs) => waitFor(await log.end(), timeoutMs),
    stop: async () => {
      stopping.abort()
      pool.off('remove', onConnectionLost)
      for (const waiter of [...waiters]) waiter.settle(new ProjectionStopped(projection.name))
      await following
      await looking
    },
  }
}
