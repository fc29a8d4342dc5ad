import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { type Markets, marketsOf } from './markets.ts'

/**
 * The markets of one connector, for all its connections in this process: thousands of them weigh several megabytes at the
 * larger venues, and each connection would read its own.
 */
export interface SharedMarkets {
  /**
   * Gives them to an exchange: those that are known if they are younger than `maxAgeMs`, or else what `load` reads into
   * it, which every other exchange that shares them gets too. Rejects as `load` does.
   */
  into(exchange: CcxtExchange, maxAgeMs: number, load: () => Promise<unknown>): Promise<void>
  /** The newest; only after `into` has resolved once. */
  readonly current: Markets
  /** Epoch milliseconds at which they were read, 0 when they never were. */
  readonly readAt: number
  /** This exchange is closed and gets no new ones. */
  leave(exchange: CcxtExchange): void
}

export const sharedMarkets = (connector: Connector): SharedMarkets => {
  const sharers = new Set<CcxtExchange>()
  let loaded: { readonly from: CcxtExchange; readonly at: number; readonly markets: Markets } | undefined
  let loading: Promise<void> | undefined

  const loadFrom = async (exchange: CcxtExchange, load: () => Promise<unknown>): Promise<void> => {
    await load()
    loaded = { from: exchange, at: Date.now(), markets: marketsOf(connector, exchange) }
    for (const other of sharers) if (other !== exchange) other.setMarketsFromExchange(exchange)
  }

  return {
    async into(exchange, maxAgeMs, load) {
      // Whoever comes while another loads waits for that; if it fails, he tries himself.
      while (loading !== undefined) await loading.catch(() => undefined)
      if (loaded !== undefined && Date.now() - loaded.at <= maxAgeMs) {
        if (loaded.from !== exchange) exchange.setMarketsFromExchange(loaded.from)
        sharers.add(exchange)
        return
      }
      loading = loadFrom(exchange, load).finally(() => {
        loading = undefined
      })
      await loading
      sharers.add(exchange)
    },
    get current() {
      if (loaded === undefined) throw new Error(`the markets of ${connector.name} have not been loaded`)
      return loaded.markets
    },
    get readAt() {
      return loaded?.at ?? 0
    },
    leave: (exchange) => void sharers.delete(exchange),
  }
}
