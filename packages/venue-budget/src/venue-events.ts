import { setTimeout as sleep } from 'node:timers/promises'
import { type VenueEvent, venueStream } from '@colibri/contracts'
import { type Decider, type EventLog, handleCommand } from '@colibri/event-log'
import type { VenueStanding } from '@colibri/exchange'

interface Told {
  readonly kind: VenueStanding['kind']
  readonly until: number
}
export interface ReportStanding {
  readonly host: string
  readonly address: string
  readonly standing: VenueStanding
  readonly time: number
}

/** Ends that differ by less are one pause, as several replicas met it. */
const SAME_PAUSE_MS = 1_000

/** What of a venue's standing is news: each change once, whoever reports it and however often. */
export const venueNews: Decider<ReportStanding, Told, VenueEvent> = {
  initialState: { kind: 'open', until: 0 },
  decide: ({ host, address, standing, time }, told) => {
    const { kind, until, strikes } = standing
    if (kind === 'open') return told.kind === 'open' ? [] : [{ type: 'VenueRecovered', data: { host, address } }]
    const running = told.kind !== 'open' && time < told.until
    if (running && told.kind === 'banned' && kind === 'throttled') return []
    if (running && told.kind === kind && until <= told.until + SAME_PAUSE_MS) return []
    const data = { host, address, until: Math.round(until), strikes: Math.max(1, strikes) }
    return [{ type: kind === 'banned' ? 'VenueBanned' : 'VenueThrottled', data }]
  },
  evolve: (_told, event) => {
    switch (event.type) {
      case 'VenueThrottled':
        return { kind: 'throttled', until: event.data.until }
      case 'VenueBanned':
        return { kind: 'banned', until: event.data.until }
      case 'VenueRecovered':
        return { kind: 'open', until: 0 }
    }
  },
}

const ATTEMPTS = 6
const FIRST_WAIT_MS = 250

/** Writes a change into the log, trying again while the log is away. Rejects when it cannot be written. */
export const reportStanding = async (log: EventLog, report: ReportStanding, signal: AbortSignal): Promise<void> => {
  const id = crypto.randomUUID()
  const metadata = { correlationId: id, causationId: id, actor: `venue:${report.host}`, time: Math.round(report.time) }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await handleCommand(log, venueNews, venueStream(report.host, report.address), report, { metadata })
      return
    } catch (error) {
      if (attempt === ATTEMPTS || signal.aborted) throw error
      await sleep(FIRST_WAIT_MS * 2 ** attempt, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
