import type { AskRates } from './oracle-prices.ts'

/** Sets of pairs remembered at once: one for every set of tokens that is asked for. */
const MOST_SETS = 256

/**
 * The oracle renews its rates every few seconds: what it said a moment ago is what it would say now, and a state that many
 * ask for costs one question. Failures are not remembered.
 */
export const recentRates = (ask: AskRates, freshMs: number, now: () => number): AskRates => {
  const said = new Map<string, { readonly at: number; readonly rates: ReturnType<AskRates> }>()
  return (tradingPairs) => {
    const key = tradingPairs.join(' ')
    const known = said.get(key)
    if (known !== undefined && now() - known.at < freshMs) return known.rates
    const rates = ask(tradingPairs)
    const entry = { at: now(), rates }
    said.delete(key)
    said.set(key, entry)
    const [oldest] = said.keys()
    if (said.size > MOST_SETS && oldest !== undefined) said.delete(oldest)
    rates.catch(() => {
      if (said.get(key) === entry) said.delete(key)
    })
    return rates
  }
}
