import type { AccountVenue } from '@colibri/exchange'
import { type FundingFollowersDeps, fundingFollowers } from '../funding/funding-followers.ts'
import type { Follower } from '../orders/follow-venue.ts'
import { type VenueFollowers, venueFollowers } from '../orders/venue-followers.ts'
import { type AccountVenues, type AccountVenuesDeps, accountVenues } from './account-venues.ts'

export interface FollowedVenuesDeps extends Omit<AccountVenuesDeps, 'opened' | 'released'>, FundingFollowersDeps {
  /** First asked when a venue is opened. */
  follow(accountName: string, venue: AccountVenue): Follower
  readonly reconciliation: {
    opened(accountName: string, venue: AccountVenue): void
    released(accountName: string, connectorName: string): Promise<void>
  }
}

/** The venues of the accounts; each is followed for as long as it is open: its orders, its balances, its funding. */
export const followedVenues = (
  deps: FollowedVenuesDeps,
): { readonly venues: AccountVenues; readonly followers: VenueFollowers } => {
  const { follow, reconciliation, background } = deps
  const funding = fundingFollowers(deps)
  const followers = venueFollowers({
    follow,
    access: (accountName, connectorName) => venues.access(accountName, connectorName),
    background,
  })
  const venues = accountVenues({
    ...deps,
    opened: (accountName, venue) => {
      followers.opened(accountName, venue)
      reconciliation.opened(accountName, venue)
      funding.opened(accountName, venue)
    },
    released: async (accountName, connectorName) => {
      funding.released(accountName, connectorName)
      await followers.released(accountName, connectorName)
      await reconciliation.released(accountName, connectorName)
    },
  })
  return { venues, followers }
}
