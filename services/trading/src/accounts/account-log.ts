import { type AccountEvent, accountStream } from '@colibri/contracts'
import { type EventLog, randomEventId } from '@colibri/event-log'
import type { Cause } from '../orders/order-streams.ts'

/** What happened to accounts and their keys, for the audit. The files are the authority; a fact is stored after its change. */
export interface AccountLog {
  record(event: AccountEvent, cause: Required<Cause>): Promise<void>
}

export const accountLog = (log: EventLog, now: () => number): AccountLog => ({
  async record({ type, data }, cause) {
    const metadata = { ...cause, time: now() }
    await log.append(
      accountStream(data.accountName),
      [{ id: randomEventId(), type, schemaVersion: 1, data, metadata }],
      'any',
    )
  },
})
