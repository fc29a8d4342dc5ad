/** What a connector's markets are mostly quoted in, where that is not USDT. */
const QUOTES: Readonly<Record<string, string>> = {
  hyperliquid: 'USDC',
  lighter: 'USDC',
  backpack: 'USDC',
  cube: 'USDC',
  derive: 'USDC',
  dexalot: 'USDC',
  vertex: 'USDC',
  aevo_perpetual: 'USDC',
  backpack_perpetual: 'USDC',
  derive_perpetual: 'USDC',
  lighter_perpetual: 'USDC',
  pacifica_perpetual: 'USDC',
  kraken: 'USD',
  hyperliquid_perpetual: 'USD',
  dydx_v4_perpetual: 'USD',
  decibel_perpetual: 'USD',
  architect_perpetual: 'USD',
  xrpl: 'RLUSD',
}

/** The currency a token's price is looked up in on this connector; a test network trades as its main network does. */
export const quoteCurrency = (connectorName: string): string => {
  const main = connectorName.replace(/_(testnet|sandbox)$/, '')
  return Object.hasOwn(QUOTES, main) ? (QUOTES[main] ?? 'USDT') : 'USDT'
}
