/** What the rate oracle of market-data says: null where it knows no rate. Rejects when nobody answers in time. */
export type AskRates = (
  tradingPairs: readonly string[],
) => Promise<{ readonly source: string; readonly rates: ReadonlyMap<string, string | null> }>

/** Decimal text by pair, for the pairs whose price is known. */
export type ReadPrices = (
  connectorName: string,
  tradingPairs: readonly string[],
) => Promise<ReadonlyMap<string, string>>

/** Values are in this token, whatever a connector's markets are quoted in. */
const VALUED_IN = 'USDT'

const isSimulated = (name: string): boolean => /^simulator(_|$)/.test(name)

const valuedIn = (tradingPair: string): string => `${tradingPair.slice(0, tradingPair.lastIndexOf('-'))}-${VALUED_IN}`

/**
 * Prices by the rate oracle, one source for all connectors, and for what that does not know by the connector's own market.
 * Play money never gets a price of the real world, nor the other way round. Rejects only when `market` does.
 */
export const oraclePrices =
  (ask: AskRates, market: ReadPrices, onFailure: (error: unknown) => void): ReadPrices =>
  async (connectorName, tradingPairs) => {
    if (tradingPairs.length === 0) return new Map()
    const pairs = [...new Set(tradingPairs.map(valuedIn))]
    const said = await ask(pairs).catch((error: unknown) => {
      onFailure(error)
      return undefined
    })
    const rates = said !== undefined && isSimulated(said.source) === isSimulated(connectorName) ? said.rates : undefined
    const known = tradingPairs.flatMap((pair) => {
      const rate = rates?.get(valuedIn(pair)) ?? null
      return rate === null ? [] : [[pair, rate] as const]
    })
    const byOracle = new Map(known)
    const others = tradingPairs.filter((pair) => !byOracle.has(pair))
    return new Map([...byOracle, ...(await market(connectorName, others))])
  }
