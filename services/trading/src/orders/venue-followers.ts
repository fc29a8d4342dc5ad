import type { AccountVenue } from '@colibri/exchange'
import type { Follower } from './follow-venue.ts'

export interface VenueFollowersDeps {
  follow(accountName: string, venue: AccountVenue): Follower
  /** Opens the venue, if it can be opened, which gives it its follower. */
  access(accountName: string, connectorName: string): Promise<unknown>
  background(name: string, work: Promise<unknown>): void
}

/** The follower of every venue that an account has open. */
export interface VenueFollowers {
  opened(accountName: string, venue: AccountVenue): void
  released(accountName: string, connectorName: string): Promise<void>
  /** Compares these orders with the venue soon. */
  attend(accountName: string, connectorName: string, clientOrderIds: readonly string[]): void
  /** Compares all unfinished orders with the venue once; rejects when it cannot be asked. */
  recover(accountName: string, connectorName: string): Promise<void>
}

export const venueFollowers = ({ follow, access, background }: VenueFollowersDeps): VenueFollowers => {
  const followers = new Map<string, Follower>()
  const keyOf = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  return {
    opened(accountName, venue) {
      followers.set(keyOf(accountName, venue.connectorName), follow(accountName, venue))
    },

    async released(accountName, connectorName) {
      const key = keyOf(accountName, connectorName)
      const follower = followers.get(key)
      followers.delete(key)
      await follower?.stop()
    },

    attend(accountName, connectorName, ids) {
      const follower = followers.get(keyOf(accountName, connectorName))
      if (follower === undefined) background(`access to ${connectorName}`, access(accountName, connectorName))
      else follower.attend(ids)
    },

    async recover(accountName, connectorName) {
      await access(accountName, connectorName)
      await followers.get(keyOf(accountName, connectorName))?.recover()
    },
  }
}
