import { setTimeout as sleep } from 'node:timers/promises'
import { type FundingPaid, fundingStream } from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, type EventLog } from '@colibri/event-log'
import type { AccountVenue, FundingPayment, VenuePosition } from '@colibri/exchange'

export interface RecordFundingDeps {
  readonly log: EventLog
  now(): number
  report(error: unknown, what: string): void
}

/** Payments are read again this far back, so that one the venue lists late is not missed. */
const OVERLAP_MS = 24 * 60 * 60_000
/** How far back the first look goes. */
const HISTORY_MS = 30 * 24 * 60 * 60_000
const EVERY_MS = 60_000
/** A position seen this soon after a payment is taken for the one that paid. */
const SAME_POSITION_MS = 5 * 60_000

/** Stores what an account was paid or paid since a time, each payment once; gives the newest payment's time. */
export const recordFunding = async (
  { log, now }: RecordFundingDeps,
  accountName: string,
  venue: AccountVenue,
  since: number,
): Promise<number> => {
  const { connectorName } = venue
  const payments = await venue.fundingPayments(since)
  const streamId = fundingStream(accountName, connectorName)
  const stored = new Set((await log.read(streamId)).map(({ id }) => id))
  const idOf = ({ tradingPair, venueId }: FundingPayment) => derivedEventId(streamId, `${tradingPair} ${venueId}`, 0)
  const fresh = payments.filter((payment) => !stored.has(idOf(payment)))
  const recent = fresh.some(({ time }) => now() - time < SAME_POSITION_MS)
  const positions = recent ? await venue.positions() : []
  for (const payment of fresh) {
    const data: FundingPaid = {
      accountName,
      connectorName,
      tradingPair: payment.tradingPair,
      venueId: payment.venueId,
      amount: payment.amount,
      currency: payment.currency,
      rate: payment.rate,
      positionSize: now() - payment.time < SAME_POSITION_MS ? sizeOf(positions, payment.tradingPair) : null,
      venueTime: payment.time,
    }
    const id = idOf(payment)
    const metadata = { actor: `venue:${connectorName}`, correlationId: id, causationId: id, time: now() }
    try {
      await log.append(streamId, [{ id, type: 'FundingPaid', schemaVersion: 1, data, metadata }], 'any')
    } catch (error) {
      if (!(error instanceof DuplicateEvent)) throw error
    }
  }
  return Math.max(since, ...payments.map(({ time }) => time))
}

/** Null where both directions are open: which of them paid is not told. */
const sizeOf = (positions: readonly VenuePosition[], tradingPair: string): string | null => {
  const [position, ...others] = positions.filter((each) => each.tradingPair === tradingPair)
  return position === undefined || others.length > 0 ? null : position.amount
}

/** Keeps recording until the signal aborts. A venue that cannot be asked is asked again at the next turn. */
export const followFunding = async (
  deps: RecordFundingDeps,
  accountName: string,
  venue: AccountVenue,
  signal: AbortSignal,
): Promise<void> => {
  let newest = deps.now() - HISTORY_MS
  let read: 'all' | 'new' = 'all'
  while (!signal.aborted) {
    try {
      newest = await recordFunding(deps, accountName, venue, read === 'all' ? newest : newest - OVERLAP_MS)
      read = 'new'
    } catch (error) {
      if (!signal.aborted) deps.report(error, `funding payments of ${venue.connectorName}`)
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}
