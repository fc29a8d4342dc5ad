import type { BaseUrls } from './base-urls.ts'
import { type Connector, catalogue, connectorOf } from './catalogue.ts'
import { ccxtAccountVenue } from './ccxt-account-venue.ts'
import type { ExchangeSettings } from './ccxt-exchange.ts'
import { ccxtPublicVenue } from './ccxt-public-venue.ts'
import { ccxtLiveVenue } from './live/ccxt-live-venue.ts'
import { type RateBudgets, rateBudgets } from './rate-budget/rate-budgets.ts'
import type { Priority } from './rate-budget/rate-limit.ts'
import { type SharedMarkets, sharedMarkets } from './shared-markets.ts'
import type { AccountVenue, LiveVenue, PublicVenue, Venues, VenueUrls } from './venue.ts'
import { UnknownConnector } from './venue.ts'
import { parseVenueUrls, readVenuesFile } from './venues-file.ts'

export interface VenuesLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
}

export interface VenuesOptions {
  /** Path of `venues.yml`; a file that does not exist overrides nothing. */
  readonly venuesFile?: string
  /** Base URLs given by the process itself, such as the simulator's. The file wins over them. */
  readonly urls?: VenueUrls
  readonly logger?: VenuesLogger
  /** Hard timeout of every venue call. 10 seconds unless said otherwise. */
  readonly timeoutMs?: number
  /** Shared with other replicas; budgets of this process alone when absent. */
  readonly budgets?: RateBudgets
}

const defaultTimeoutMs = 10_000

/** Binance has a host of its own for futures streams; the simulator has one host, so it has a path for them. */
const withFuturesPath = (connector: Connector, urls: BaseUrls): BaseUrls =>
  connector.name === 'simulator_perpetual' && urls.ws !== undefined && new URL(urls.ws).pathname === '/'
    ? { ...urls, ws: `${urls.ws.replace(/\/$/, '')}/fapi-ws` }
    : urls

const usable = (connectorName: string): Connector => {
  const connector = connectorOf(connectorName)
  if (connector.ccxt.kind === 'absent') {
    throw new UnknownConnector(`Connector ${connectorName} cannot be used: ${connector.ccxt.reason}`)
  }
  return connector
}

/** The venue that is open under this name, or a new one that is forgotten when it is closed. */
const shared = <V extends { close(): Promise<void> }>(open: Map<string, V>, name: string, make: () => V): V => {
  const known = open.get(name)
  if (known !== undefined) return known
  const venue = make()
  const entry: V = {
    ...venue,
    close: async () => {
      open.delete(name)
      await venue.close()
    },
  }
  open.set(name, entry)
  return entry
}

/**
 * All venues by connector name. Nothing is opened or asked before a venue is used, so an unreachable one harms nobody else.
 * A public venue is shared; every account venue is the caller's own. Throws `VenuesFileInvalid`.
 */
export const openVenues = (options: VenuesOptions = {}): Venues => {
  const given = parseVenueUrls(options.urls, 'venue URLs')
  const fromFile = options.venuesFile === undefined ? {} : readVenuesFile(options.venuesFile)
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const budgets = options.budgets ?? rateBudgets()
  const publicVenues = new Map<string, PublicVenue>()
  const liveVenues = new Map<string, LiveVenue>()
  const accountVenues = new Set<AccountVenue>()
  const markets = new Map<string, SharedMarkets>()

  /** What a venue says in public is the same for its REST and its streams. */
  const marketsOf = (connector: Connector): SharedMarkets => {
    const shared = markets.get(connector.name) ?? sharedMarkets(connector)
    markets.set(connector.name, shared)
    return shared
  }
  const settingsOf = (connector: Connector, door: ExchangeSettings['door'], priority: Priority): ExchangeSettings => {
    const { limit, ...urls } = { ...given[connector.name], ...fromFile[connector.name] }
    return {
      urls: withFuturesPath(connector, urls),
      timeoutMs,
      door,
      budgets,
      priority,
      ...(limit === undefined ? {} : { limit: { intervalMs: limit.windowMs / limit.cost, windowMs: limit.windowMs } }),
    }
  }
  for (const [connector, urls] of Object.entries(fromFile)) {
    options.logger?.info({ connector, ...urls }, 'the base URLs or the limit of a venue are overridden')
  }

  const publicVenue = (connectorName: string): PublicVenue =>
    shared(publicVenues, connectorName, () => {
      const connector = usable(connectorName)
      return ccxtPublicVenue(connector, { ...settingsOf(connector, 'rest', 'data'), markets: marketsOf(connector) })
    })

  return {
    connectorNames: () => catalogue.map((connector) => connector.name),

    publicVenue,

    liveVenue: (connectorName) =>
      shared(liveVenues, connectorName, () => {
        const connector = usable(connectorName)
        const settings = { ...settingsOf(connector, 'streams', 'data'), markets: marketsOf(connector) }
        return ccxtLiveVenue(connector, settings, () => publicVenue(connectorName))
      }),

    accountVenue(connectorName, credentials, clearance) {
      const connector = usable(connectorName)
      if (connector.noAccounts !== undefined) {
        throw new UnknownConnector(`Connector ${connectorName} has no accounts here: ${connector.noAccounts}`)
      }
      const venue = ccxtAccountVenue(connector, {
        ...settingsOf(connector, 'streams', 'account'),
        credentials,
        ...(clearance === undefined ? {} : { clearance }),
      })
      const own: AccountVenue = {
        ...venue,
        close: async () => {
          accountVenues.delete(own)
          await venue.close()
        },
      }
      accountVenues.add(own)
      return own
    },

    async close() {
      const open = [...liveVenues.values(), ...publicVenues.values(), ...accountVenues]
      liveVenues.clear()
      publicVenues.clear()
      accountVenues.clear()
      await Promise.all(open.map((venue) => venue.close()))
    },
  }
}
