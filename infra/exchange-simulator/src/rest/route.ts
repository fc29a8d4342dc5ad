import type { Exchange } from '../engine/exchange.ts'
import { findInstrument, type Instrument, type Market } from '../engine/instruments.ts'
import type { ApiKey } from '../engine/keys.ts'
import { invalidSymbol, missing, Rejection } from '../engine/rejection.ts'
import type { Account } from '../engine/state.ts'
import type { ListenKeys } from '../listen-keys.ts'

/** What a request is about, for fault rules to aim at. */
export const operations = [
  'create',
  'cancel',
  'query',
  'open-orders',
  'all-orders',
  'trades',
  'account',
  'settings',
  'listen-key',
  'market-data',
] as const
export type Operation = (typeof operations)[number]

export interface Call {
  readonly exchange: Exchange
  readonly params: Params
  readonly listenKeys: ListenKeys
}
export interface SignedCall extends Call {
  readonly account: Account
  readonly key: ApiKey
}

interface RouteBase {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly operation: Operation
}
export type Route =
  | (RouteBase & { readonly security: 'none'; readonly handle: (call: Call) => unknown })
  | (RouteBase & { readonly security: 'key' | 'signed'; readonly handle: (call: SignedCall) => unknown })

/** The parameters of a request, wherever it carried them. */
export class Params {
  readonly #values: ReadonlyMap<string, string>
  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  get(name: string): string | undefined {
    const value = this.#values.get(name)
    return value === '' ? undefined : value
  }

  require(name: string): string {
    const value = this.get(name)
    if (value === undefined) throw missing(name)
    return value
  }

  integer(name: string): number | undefined {
    const text = this.get(name)
    if (text === undefined) return undefined
    if (!/^-?\d{1,16}$/.test(text))
      throw new Rejection(-1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`)
    return Number(text)
  }

  flag(name: string): 'true' | 'false' {
    return this.get(name)?.toLowerCase() === 'true' ? 'true' : 'false'
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], refusal: Rejection): T {
    const value = this.require(name)
    const found = allowed.find((candidate) => candidate === value)
    if (found === undefined) throw refusal
    return found
  }

  limit(fallback: number, max: number): number {
    const limit = this.integer('limit') ?? fallback
    if (limit < 1) throw new Rejection(-1130, "Data sent for parameter 'limit' is not valid.")
    return Math.min(limit, max)
  }

  instrument(market: Market): Instrument {
    const instrument = findInstrument(market, this.require('symbol'))
    if (!instrument) throw invalidSymbol()
    return instrument
  }

  optionalInstrument(market: Market): Instrument | undefined {
    return this.get('symbol') === undefined ? undefined : this.instrument(market)
  }
}

/** The page of a list as Binance cuts it: from an id or a time onwards, or else the newest. */
export const page = <T>(items: readonly T[], from: { readonly given: boolean }, limit: number): readonly T[] =>
  from.given ? items.slice(0, limit) : items.slice(-limit)
