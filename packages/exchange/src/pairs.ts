import type { Connector } from './catalogue.ts'

const renamed = (code: string, pairs: readonly (readonly [string, string])[], from: 0 | 1): string => {
  const hit = pairs.find((pair) => pair[from] === code)
  return hit === undefined ? code : hit[from === 0 ? 1 : 0]
}

/** `BTC-USDT` → `BTC/USDT`, or `BTC/USDT:USDT` for a perpetual. Not every text that comes out is a market of the venue. */
export const ccxtSymbolOf = (connector: Connector, tradingPair: string): string => {
  const hyphen = tradingPair.lastIndexOf('-')
  const base = renamed(tradingPair.slice(0, hyphen), connector.pairs?.bases ?? [], 0)
  const quote = renamed(tradingPair.slice(hyphen + 1), connector.pairs?.quotes ?? [], 0)
  if (connector.market === 'spot') return `${base}/${quote}`
  return connector.pairs?.form === 'derive' ? `${base}/USD:${quote}` : `${base}/${quote}:${quote}`
}

/** `BTC/USDT` or `BTC/USDT:USDT` → `BTC-USDT`; `null` for a market that the contract has no name for (dated futures, options, inverse swaps). */
export const tradingPairOf = (connector: Connector, symbol: string): string | null => {
  const slash = symbol.indexOf('/')
  if (slash <= 0) return null
  const [quote, settle, ...rest] = symbol.slice(slash + 1).split(':')
  if (quote === undefined || rest.length > 0) return null
  const base = renamed(symbol.slice(0, slash), connector.pairs?.bases ?? [], 1)
  if (connector.market === 'spot') return settle === undefined ? `${base}-${quote}` : null
  const plainQuote = connector.pairs?.form === 'derive' ? (quote === 'USD' ? settle : undefined) : quote
  if (plainQuote === undefined || settle !== plainQuote) return null
  return `${base}-${renamed(plainQuote, connector.pairs?.quotes ?? [], 1)}`
}
