import type { EventLog } from '@colibri/event-log'
import type { AccountVenue } from '@colibri/exchange'
import { isPerpetual } from '../positions/positions.ts'
import { followFunding } from './record-funding.ts'

export interface FundingFollowersDeps {
  logOf(accountName: string): EventLog
  now(): number
  report(error: unknown, what: string): void
  background(name: string, work: Promise<unknown>): void
}

/** Records what every account is paid and pays at the perpetual venues it has open. */
export interface FundingFollowers {
  opened(accountName: string, venue: AccountVenue): void
  released(accountName: string, connectorName: string): void
}

export const fundingFollowers = ({ logOf, now, report, background }: FundingFollowersDeps): FundingFollowers => {
  const running = new Map<string, AbortController>()
  const keyOf = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  return {
    opened(accountName, venue) {
      const { connectorName } = venue
      if (!isPerpetual(connectorName)) return
      const stop = new AbortController()
      running.set(keyOf(accountName, connectorName), stop)
      background(
        `funding payments of ${connectorName}`,
        followFunding({ log: logOf(accountName), now, report }, accountName, venue, stop.signal),
      )
    },

    released(accountName, connectorName) {
      const key = keyOf(accountName, connectorName)
      running.get(key)?.abort()
      running.delete(key)
    },
  }
}
