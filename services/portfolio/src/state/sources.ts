import { accountsReply, balancesReply, candlesRangeReply, pricesReply, ratesReply } from '@colibri/contracts'
import type { Call } from '@colibri/service-kit'
import type { AskClose } from '../past/past-prices.ts'
import type { AskPrices } from './market-prices.ts'
import type { AskRates } from './oracle-prices.ts'
import type { PortfolioDeps } from './portfolio-state.ts'

/** Within this time a connector's market prices are worth waiting for; after it the last known ones are used. */
const PRICES_TIMEOUT_MS = 10_000
/** The oracle itself waits for its source no longer than this. */
const RATES_TIMEOUT_MS = 6_000
/** Behind a refresh every venue is asked, each within its own timeout of ten seconds. */
const BALANCES_TIMEOUT_MS = 30_000

/** A candle of the past may have to be fetched from its venue. */
const CANDLES_TIMEOUT_MS = 5_000
const MINUTE_MS = 60_000
/** Venues list no candle for a minute without a trade. */
const CANDLES_BACK = 10

/** Balances belong to trading. */
export const tradingBalances = (kit: { readonly call: Call }): Pick<PortfolioDeps, 'accountNames' | 'balances'> => ({
  accountNames: async () => (await kit.call('trading', 'accounts', {}, accountsReply)).accountNames,
  balances: (filter) => kit.call('trading', 'balances', filter, balancesReply, BALANCES_TIMEOUT_MS),
})

/** Prices belong to market-data. */
export const marketDataPrices =
  (kit: { readonly call: Call }): AskPrices =>
  async (connectorName, tradingPairs) => {
    const request = { connectorName, tradingPairs }
    const { prices } = await kit.call('market-data', 'prices', request, pricesReply, PRICES_TIMEOUT_MS)
    return new Map(Object.entries(prices))
  }

/** Rates belong to market-data too. */
export const marketDataRates =
  (kit: { readonly call: Call }): AskRates =>
  async (tradingPairs) => {
    const { source, rates } = await kit.call('market-data', 'rates', { tradingPairs }, ratesReply, RATES_TIMEOUT_MS)
    return { source, rates: new Map(Object.entries(rates).map(([pair, known]) => [pair, known?.rate ?? null])) }
  }

/** So do candles: the close of the last minute that was over at a time. */
export const marketDataCloses =
  (kit: { readonly call: Call }): AskClose =>
  async (connectorName, tradingPair, at) => {
    const to = Math.floor(at / MINUTE_MS) * MINUTE_MS
    const request = { connectorName, tradingPair, interval: '1m', from: Math.max(0, to - CANDLES_BACK * MINUTE_MS), to }
    const { rows } = await kit.call('market-data', 'candles', request, candlesRangeReply, CANDLES_TIMEOUT_MS)
    const close = rows.at(-1)?.[4]
    return close === undefined ? null : String(close)
  }
