import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { within } from '../venue-calls/deadline.ts'
import type { ConfClientChange, ConfClientRates } from './conf-client.ts'
import { findRate, type Price, quotient, type Rate } from './find-rate.ts'
import { bookRate, type LiveBooks, reversed } from './live-books.ts'
import { PriceTable } from './price-table.ts'
import type { RateSettings } from './rate-settings.ts'
import { DEFAULT_SOURCE, type RateSources, SIMULATOR_SOURCE } from './rate-sources.ts'
import { RefreshedPrices, type RefreshOptions } from './refreshed-prices.ts'

export const DEFAULT_TOKEN = 'USDT'
export const DEFAULT_SYMBOL = '$'

/** What the oracle goes by; every member has a value. */
export interface OracleSettings {
  readonly source: string
  readonly tokenName: string
  readonly tokenSymbol: string
}

/** What to change; a member that is absent stays as it is. */
export interface OracleChange {
  readonly source?: string
  readonly token?: { readonly name: string; readonly symbol: string }
}

/** An answer and what it counts in. */
export interface Said<T> {
  readonly source: string
  readonly quoteToken: string
  readonly said: T
}

/** What operators are told of. */
export interface OracleReport {
  settings(settings: OracleSettings, unusable: string | null): void
  settingsFailed(error: unknown): void
  loaded(source: string, outcome: { readonly count: number } | { readonly error: unknown }): void
}

export interface RateOracleOptions extends Omit<RefreshOptions, 'onLoad'> {
  readonly settings: RateSettings
  readonly sources: RateSources
  readonly books: LiveBooks
  /** Tells the other replicas that the file is another one. */
  readonly changed: () => void
  /** A price older than this values nothing. */
  readonly maxAgeMs: number
  /** How long a request waits for a source to answer. */
  readonly waitMs: number
  /** Runs what nobody waits for. */
  readonly background: (name: string, promise: Promise<unknown>) => void
  readonly report: OracleReport
}

/** Prices by the settings of the moment; without `prices` the source cannot be used. */
interface Running {
  readonly settings: OracleSettings
  readonly prices: RefreshedPrices | undefined
}

/**
 * Rates by one source of prices. The file with the settings is looked at before every answer, so that what one replica
 * changed, or a person with an editor, holds everywhere at once.
 */
export class RateOracle {
  readonly #options: RateOracleOptions
  /** A request may begin the asking of a source, but what the source does later is not that request's. */
  readonly #outsideRequests = AsyncLocalStorage.snapshot()
  #running: Running | undefined
  #started = 0
  #applied = 0
  #lastProblem: string | undefined

  constructor(options: RateOracleOptions) {
    this.#options = options
  }

  get sources(): readonly string[] {
    return this.#options.sources.names
  }

  /** Makes the file on a first start, and begins to ask the source. Never rejects. */
  async start(): Promise<void> {
    const { settings, sources, report } = this.#options
    const initial = { source: sources.initial, token: { name: DEFAULT_TOKEN, symbol: DEFAULT_SYMBOL } }
    await settings.ensure(this.#written(initial)).catch((error: unknown) => report.settingsFailed(error))
    await this.follow()
  }

  stop(): void {
    this.#running?.prices?.stop()
  }

  /** Goes by what the file says now; by what it said before when it says nothing usable. */
  async follow(): Promise<void> {
    await this.#current()
  }

  /** What the file says, with its defaults. Throws `SettingsMissing`, `ConfClientUnreadable`. */
  async settings(): Promise<OracleSettings> {
    return this.#withDefaults(await this.#options.settings.read())
  }

  /** Writes the change into the file, if it is one, goes by it and lets the other replicas know. Throws as `settings` does. */
  async change(change: OracleChange): Promise<OracleSettings> {
    if (change.source !== undefined || change.token !== undefined) {
      await this.#options.settings.write(this.#written(change))
      await this.follow()
      this.#options.changed()
    }
    return this.settings()
  }

  /** Every price the source has ever had, by pair, in the order they became known. */
  async allPrices(): Promise<Said<ReadonlyMap<string, Price>>> {
    const running = await this.#answered()
    return this.#say(running, running.prices?.table.all() ?? new Map())
  }

  /** Rates above zero by prices that are not too old, else by live books, else by the reverse pair. */
  async rates(tradingPairs: readonly string[]): Promise<Said<ReadonlyMap<string, Rate | undefined>>> {
    const running = await this.#answered()
    const known = (running.prices?.table ?? new PriceTable()).since(this.#options.now() - this.#options.maxAgeMs)
    const rates = new Map<string, Rate | undefined>()
    await inTurns(tradingPairs, (pair) => {
      rates.set(pair, positive(findRate(known, pair)))
    })
    const unknown = [...rates].flatMap(([pair, rate]) => {
      const reverse = rate === undefined ? reversed(pair) : undefined
      return reverse === undefined ? [] : [{ pair, reverse }]
    })
    if (unknown.length === 0) return this.#say(running, rates)
    const books = await this.#options.books(new Set(unknown.flatMap(({ pair, reverse }) => [pair, reverse])))
    await inTurns(unknown, ({ pair, reverse }) => {
      rates.set(pair, bookRate(books, pair) ?? inverse(positive(findRate(known, reverse))))
    })
    return this.#say(running, rates)
  }

  /** One rate by what the source says now; undefined also when it does not say anything in time. */
  async freshRate(tradingPair: string): Promise<Said<Rate | undefined>> {
    const running = await this.#current()
    const { prices } = running
    if (prices === undefined) return this.#say(running, undefined)
    const asked = this.#options.now()
    const fresh = await within(prices.fetch(), this.#options.waitMs).catch(() => undefined)
    if (fresh === undefined) return this.#say(running, undefined)
    const table = new PriceTable()
    table.update(fresh, asked)
    return this.#say(running, positive(findRate(table.since(asked), tradingPair)))
  }

  #say<T>({ settings }: Running, said: T): Said<T> {
    return { source: settings.source, quoteToken: settings.tokenName, said }
  }

  /** As `#current`, when its source has been asked once: right after a start or a change there is nothing to say yet. */
  async #answered(): Promise<Running> {
    const running = await this.#current()
    if (running.prices !== undefined)
      await within(running.prices.firstAnswer, this.#options.waitMs).catch(() => undefined)
    return running
  }

  async #current(): Promise<Running> {
    this.#started += 1
    const turn = this.#started
    const read = await this.#options.settings.read().then(
      (settings) => ({ settings }),
      (error: unknown) => ({ error }),
    )
    // A look that began earlier may have seen an older file.
    if (turn < this.#applied && this.#running !== undefined) return this.#running
    this.#applied = turn
    this.#tellProblem('error' in read ? read.error : this.#unknownSource(read.settings))
    if ('settings' in read) return this.#goBy(this.#withDefaults(read.settings))
    return this.#goBy(this.#running?.settings ?? this.#withDefaults({}))
  }

  #goBy(settings: OracleSettings): Running {
    const { now, elapsed, random, sources, report, background } = this.#options
    const before = this.#running
    const { source, tokenName } = settings
    if (before?.settings.source === source && before.settings.tokenName === tokenName) {
      this.#running = { settings, prices: before.prices }
      return this.#running
    }
    before?.prices?.stop()
    const lookup = sources.lookup(source)
    report.settings(settings, lookup.kind === 'unusable' ? lookup.reason : null)
    const prices =
      lookup.kind === 'unusable'
        ? undefined
        : new RefreshedPrices(lookup.source, tokenName, {
            now,
            elapsed,
            random,
            onLoad: (outcome) => report.loaded(source, outcome),
          })
    if (prices !== undefined) this.#outsideRequests(() => background('refresh rates', prices.run()))
    this.#running = { settings, prices }
    return this.#running
  }

  /** Bots get a copy of the file and refuse to start with a source that is Colibri's own: the file says it by saying none. */
  #written({ source, token }: OracleChange): ConfClientChange {
    return {
      ...(source === undefined ? {} : { source: source === SIMULATOR_SOURCE ? null : source }),
      ...(token === undefined ? {} : { token }),
    }
  }

  #withDefaults({ source, tokenName, tokenSymbol }: ConfClientRates): OracleSettings {
    const named = source ?? this.#options.sources.initial
    return {
      source: this.sources.includes(named) ? named : DEFAULT_SOURCE,
      tokenName: tokenName ?? DEFAULT_TOKEN,
      tokenSymbol: tokenSymbol ?? DEFAULT_SYMBOL,
    }
  }

  #unknownSource({ source }: ConfClientRates): Error | undefined {
    if (source === undefined || this.sources.includes(source)) return undefined
    return new Error(
      `conf_client.yml names the rate source ${source}, which does not exist here: using ${DEFAULT_SOURCE}`,
    )
  }

  /** Said once, not with every request. */
  #tellProblem(error: unknown): void {
    const problem = error === undefined ? undefined : String(error)
    if (problem !== undefined && problem !== this.#lastProblem) this.#options.report.settingsFailed(error)
    this.#lastProblem = problem
  }
}

const positive = (rate: Rate | undefined): Rate | undefined => (rate?.value.gt(0) ? rate : undefined)

/** Others get their turn after each thousand: a request may name as many pairs as its body holds. */
const inTurns = async <T>(items: readonly T[], work: (item: T) => void): Promise<void> => {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % 1_000 === 0) await setImmediate()
    work(item)
  }
}

const inverse = (rate: Rate | undefined): Rate | undefined =>
  rate === undefined ? undefined : { value: quotient(1, rate.value), time: rate.time }
