import { UnknownConnector, type Venues } from '@colibri/exchange'
import { coinCap } from './coin-cap.ts'
import { coinGecko } from './coin-gecko.ts'
import { exchangeSource } from './exchange-source.ts'
import type { PriceServiceDoor } from './price-service.ts'
import type { SourceLookup } from './rate-source.ts'

export const DEFAULT_SOURCE = 'gate_io'
/** Colibri's own addition, offered where a simulator runs. */
export const SIMULATOR_SOURCE = 'simulator'

/** In the contract's order. */
export const contractSources = [
  'aevo_perpetual',
  'backpack',
  'binance',
  'coin_gecko',
  'coin_cap',
  'kucoin',
  'gate_io',
  'coinbase_advanced_trade',
  'dexalot',
  'hyperliquid',
  'hyperliquid_perpetual',
  'architect_perpetual',
  'derive',
  'mexc',
  'evedex_perpetual',
  'pacifica_perpetual',
  'decibel_perpetual',
] as const

/** Exchanges that tell one market's price at a time: asking for each of hundreds is no way to get them all. */
const oneMarketAtATime = new Set(['derive'])

const EXCHANGE_REFRESH_MS = 30_000
/** It is on this machine, has few markets and nobody counts its requests. */
const SIMULATOR_REFRESH_MS = 5_000

export interface RateSources {
  readonly names: readonly string[]
  /** The source of whoever has chosen none: the simulator where there is one, else the contract's. */
  readonly initial: string
  lookup(name: string): SourceLookup
}

export interface RateSourcesOptions {
  readonly venues: Pick<Venues, 'publicVenue'>
  readonly simulator: 'configured' | 'absent'
  readonly coinGecko: PriceServiceDoor
  readonly coinCap: PriceServiceDoor
}

export const rateSources = (options: RateSourcesOptions): RateSources => {
  const hasSimulator = options.simulator === 'configured'
  const names = hasSimulator ? [...contractSources, SIMULATOR_SOURCE] : contractSources
  return {
    names,
    initial: hasSimulator ? SIMULATOR_SOURCE : DEFAULT_SOURCE,
    lookup(name) {
      if (!names.some((each) => each === name)) return { kind: 'unusable', reason: `there is no rate source ${name}` }
      switch (name) {
        case 'coin_gecko':
          return { kind: 'source', source: coinGecko(options.coinGecko) }
        case 'coin_cap':
          return { kind: 'source', source: coinCap(options.coinCap) }
        default:
          return exchange(options.venues, name)
      }
    },
  }
}

const exchange = (venues: Pick<Venues, 'publicVenue'>, name: string): SourceLookup => {
  if (oneMarketAtATime.has(name))
    return { kind: 'unusable', reason: `${name} cannot be asked for all its prices at once` }
  try {
    const refreshMs = name === SIMULATOR_SOURCE ? SIMULATOR_REFRESH_MS : EXCHANGE_REFRESH_MS
    return { kind: 'source', source: exchangeSource(venues.publicVenue(name), refreshMs) }
  } catch (error) {
    if (error instanceof UnknownConnector) return { kind: 'unusable', reason: error.message }
    throw error
  }
}
