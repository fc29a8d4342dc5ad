import type { AccountVenue } from '@colibri/exchange'

interface InUse {
  readonly venue: AccountVenue
  calls: number
  idle: PromiseWithResolvers<void>
}

/**
 * One account at one venue, whichever keys it has. Who holds the `handle` need not know when keys are renewed: a call that
 * has begun ends under the keys it began with, the next one goes out under the new ones.
 */
export interface VenueKeeper {
  readonly handle: AccountVenue
  /** Calls that begin from now on are made by this venue. */
  use(venue: AccountVenue): void
  /** Resolves when every call has ended that this venue was asked for; the venue's own time limits bound them. */
  ended(venue: AccountVenue): Promise<void>
}

const inUse = (venue: AccountVenue): InUse => ({ venue, calls: 0, idle: Promise.withResolvers() })

export const venueKeeper = (first: AccountVenue): VenueKeeper => {
  let current = inUse(first)
  const retiring = new Map<AccountVenue, InUse>()

  const call = async <T>(work: (venue: AccountVenue) => Promise<T>): Promise<T> => {
    const of = current
    of.calls += 1
    try {
      return await work(of.venue)
    } finally {
      of.calls -= 1
      if (of.calls === 0) of.idle.resolve()
    }
  }

  return {
    handle: {
      connectorName: first.connectorName,
      pause: () => current.venue.pause(),
      connect: () => call((venue) => venue.connect()),
      createOrder: (order) => call((venue) => venue.createOrder(order)),
      cancelOrder: (id, pair) => call((venue) => venue.cancelOrder(id, pair)),
      findOrder: (id, pair) => call((venue) => venue.findOrder(id, pair)),
      openOrders: (pair) => call((venue) => venue.openOrders(pair)),
      fills: (pair, since) => call((venue) => venue.fills(pair, since)),
      fillsOf: (venueOrderId, pair) => call((venue) => venue.fillsOf(venueOrderId, pair)),
      balances: () => call((venue) => venue.balances()),
      keyPermissions: () => call((venue) => venue.keyPermissions()),
      positions: () => call((venue) => venue.positions()),
      positionMode: () => call((venue) => venue.positionMode()),
      setPositionMode: (mode) => call((venue) => venue.setPositionMode(mode)),
      setLeverage: (pair, leverage) => call((venue) => venue.setLeverage(pair, leverage)),
      fundingPayments: (since) => call((venue) => venue.fundingPayments(since)),
      updates: (signal) => current.venue.updates(signal),
      close: () => current.venue.close(),
    },
    use(venue) {
      if (current.venue === venue) return
      retiring.set(current.venue, current)
      current = inUse(venue)
    },
    async ended(venue) {
      const of = current.venue === venue ? current : retiring.get(venue)
      if (of === undefined) return
      if (of.calls > 0) {
        of.idle = Promise.withResolvers()
        await of.idle.promise
      }
      retiring.delete(venue)
    },
  }
}
