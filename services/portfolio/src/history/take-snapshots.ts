import { setTimeout as sleep } from 'node:timers/promises'
import { type PortfolioSnapshotTaken, snapshotsStream } from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, type EventLog } from '@colibri/event-log'
import { type PortfolioDeps, valuedAccounts } from '../state/portfolio-state.ts'

export interface SnapshotDeps {
  readonly log: EventLog
  readonly portfolio: PortfolioDeps
  readonly intervalMs: number
  now(): number
  report(error: unknown, what: string): void
}

/** A snapshot that failed, for example because trading is still starting, is tried again this soon. */
const RETRY_MS = 10_000

/** Venues are asked, not memory: a snapshot is worth nothing if it is a copy of the one before. */
const everything = { accountNames: null, connectorNames: null, refresh: true } as const

/**
 * Records what everybody holds, once in every interval however many replicas try: the event's id is that of the interval.
 * False when the interval has its snapshot already.
 */
export const takeSnapshot = async ({ log, portfolio, intervalMs, now }: SnapshotDeps): Promise<boolean> => {
  const time = now()
  const id = derivedEventId(snapshotsStream, `${intervalMs} ${Math.floor(time / intervalMs)}`, 0)
  const accounts = (await valuedAccounts(portfolio, everything)).filter(({ tokens }) => tokens.length > 0)
  if (accounts.length === 0) return false
  const data: PortfolioSnapshotTaken = {
    takenAt: time,
    accounts: accounts.map((each) => ({ ...each, tokens: [...each.tokens] })),
  }
  const metadata = { actor: 'portfolio', correlationId: id, causationId: id, time }
  try {
    await log.append(snapshotsStream, [{ id, type: 'PortfolioSnapshotTaken', schemaVersion: 1, data, metadata }], 'any')
    return true
  } catch (error) {
    if (error instanceof DuplicateEvent) return false
    throw error
  }
}

/** Takes the snapshot of the running interval, then one at each interval's beginning, until the signal aborts. */
export const takeSnapshots = async (deps: SnapshotDeps, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    let wait = deps.intervalMs - (deps.now() % deps.intervalMs)
    try {
      await takeSnapshot(deps)
    } catch (error) {
      deps.report(error, 'taking a snapshot of the portfolio')
      wait = Math.min(wait, RETRY_MS)
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined)
  }
}
