import { type AccountVenue, type Clearance, type Credentials, UnknownConnector, type Venues } from '@colibri/exchange'
import { type AccountFiles, CredentialsUnreadable } from './account-files.ts'
import { type VenueKeeper, venueKeeper } from './venue-keeper.ts'

export type Access =
  | { readonly kind: 'open'; readonly venue: AccountVenue }
  | { readonly kind: 'unknown-account' }
  | { readonly kind: 'unknown-connector' }
  | { readonly kind: 'no-credentials' }
  | { readonly kind: 'unreadable-credentials' }

/** One venue per account and connector, opened from the stored credentials when it is first needed, then kept. */
export interface AccountVenues {
  access(accountName: string, connectorName: string): Promise<Access>
  /**
   * Goes over to the credentials that are stored now: those given, which need no decryption, or what the file holds. What was asked for under the old ones has ended when it resolves:
   * they may be revoked. Where the new ones cannot be opened the old ones stay in use.
   */
  renew(accountName: string, connectorName: string, stored?: Credentials): Promise<Access>
  /** Closes what an account has open, at one connector or at all, and forgets it. */
  release(accountName: string, connectorName?: string): Promise<void>
  close(): Promise<void>
}

export interface AccountVenuesDeps {
  readonly files: AccountFiles
  readonly venues: Venues
  /** Called once for each venue opened, before anybody gets it. */
  opened(accountName: string, venue: AccountVenue): void
  released(accountName: string, connectorName: string): Promise<void>
  report(error: unknown, what: string): void
  /** Throws for an account that another process has. */
  mayOpen(accountName: string): void
  clearance(accountName: string): Clearance
}

/** What is known of one account at one connector. */
interface Held {
  readonly accountName: string
  readonly connectorName: string
  /** Absent while nothing is open and nobody asks. */
  access: Promise<Access> | undefined
  /** The venue in use, under its keys. */
  venue: AccountVenue | undefined
  keeper: VenueKeeper | undefined
  /** Opening, renewing and closing happen one after the other. */
  turn: Promise<unknown>
  /** Who is in turn or waits for it. */
  waiting: number
}

export const accountVenues = (deps: AccountVenuesDeps): AccountVenues => {
  const held = new Map<string, Held>()
  const keyOf = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  const heldOf = (accountName: string, connectorName: string): Held => {
    const key = keyOf(accountName, connectorName)
    const known = held.get(key) ?? {
      accountName,
      connectorName,
      access: undefined,
      venue: undefined,
      keeper: undefined,
      turn: Promise.resolve(),
      waiting: 0,
    }
    held.set(key, known)
    return known
  }

  const inTurn = <T>(of: Held, work: () => Promise<T>): Promise<T> => {
    of.waiting += 1
    const turn = of.turn.then(work, work).finally(() => {
      of.waiting -= 1
    })
    of.turn = turn.catch(() => undefined)
    return turn
  }

  const open = async ({ accountName, connectorName }: Held, stored?: Credentials): Promise<Access> => {
    if (!(await deps.files.exists(accountName))) return { kind: 'unknown-account' }
    if (!deps.venues.connectorNames().includes(connectorName)) return { kind: 'unknown-connector' }
    try {
      const credentials = stored ?? (await deps.files.read(accountName, connectorName))
      if (credentials === undefined) return { kind: 'no-credentials' }
      deps.mayOpen(accountName)
      return {
        kind: 'open',
        venue: deps.venues.accountVenue(connectorName, credentials, deps.clearance(accountName)),
      }
    } catch (error) {
      if (error instanceof UnknownConnector) return { kind: 'unknown-connector' }
      if (!(error instanceof CredentialsUnreadable)) throw error
      deps.report(error, 'opening an account')
      return { kind: 'unreadable-credentials' }
    }
  }

  /** From here on calls are made by this venue. */
  const take = (of: Held, venue: AccountVenue): Access => {
    of.venue = venue
    if (of.keeper === undefined) of.keeper = venueKeeper(venue)
    else of.keeper.use(venue)
    return { kind: 'open', venue: of.keeper.handle }
  }

  const openFirst = async (of: Held, stored?: Credentials): Promise<Access> => {
    if (of.venue !== undefined && of.keeper !== undefined) return { kind: 'open', venue: of.keeper.handle }
    const opened = await open(of, stored)
    if (opened.kind !== 'open') return opened
    const access = take(of, opened.venue)
    deps.opened(of.accountName, opened.venue)
    return access
  }

  const reported = (work: Promise<void> | undefined, what: string): Promise<void> | undefined =>
    work?.catch((error: unknown) => deps.report(error, what))

  /** Waits for what was asked for under a venue's keys, and closes it. */
  const retire = async ({ keeper }: Held, venue: AccountVenue): Promise<void> => {
    await keeper?.ended(venue)
    await reported(venue.close(), `closing ${venue.connectorName}`)
  }
  const unfollow = ({ accountName, connectorName }: Held): Promise<void> | undefined =>
    reported(deps.released(accountName, connectorName), `following ${connectorName} no longer`)

  const access = (accountName: string, connectorName: string): Promise<Access> => {
    const of = heldOf(accountName, connectorName)
    if (of.access !== undefined) return of.access
    const asked = inTurn(of, () => openFirst(of))
    of.access = asked
    // Only what is open is kept: credentials may be added at any moment, and names may be anything.
    const forget = (): void => {
      if (of.access !== asked) return
      of.access = undefined
      if (of.keeper === undefined && of.waiting === 0) held.delete(keyOf(accountName, connectorName))
    }
    asked.then((result) => result.kind !== 'open' && forget(), forget)
    return asked
  }

  const release = async (selected: (of: Held) => boolean): Promise<void> => {
    await Promise.all(
      [...held.values()].filter(selected).map((of) => {
        // Who asks from here on waits, and gets what is stored then.
        of.access = undefined
        return inTurn(of, async () => {
          const { venue } = of
          of.venue = undefined
          if (venue === undefined) return
          await unfollow(of)
          await retire(of, venue)
        })
      }),
    )
  }

  return {
    access,

    renew(accountName, connectorName, stored) {
      const of = heldOf(accountName, connectorName)
      return inTurn(of, async () => {
        const old = of.venue
        if (old === undefined) {
          const first = await openFirst(of, stored)
          if (first.kind === 'open') of.access = Promise.resolve(first)
          return first
        }
        const opened = await open(of, stored)
        if (opened.kind !== 'open') return opened
        // Markets and clock first: an order that comes now waits for neither. Where it fails the next call tries again.
        await reported(opened.venue.connect(), `connecting ${connectorName}`)
        const renewed = take(of, opened.venue)
        await unfollow(of)
        deps.opened(accountName, opened.venue)
        await retire(of, old)
        return renewed
      })
    },

    release: (accountName, connectorName) =>
      release((of) => of.accountName === accountName && of.connectorName === (connectorName ?? of.connectorName)),
    close: () => release(() => true),
  }
}
