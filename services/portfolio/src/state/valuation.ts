import type { TokenBalance, TokenEntry } from '@colibri/contracts'
import { Decimal } from 'decimal.js'
import { quoteCurrency } from './quote-currency.ts'

// Wide enough that a product of two exchange numbers is never rounded before it becomes a JSON number.
const Exact = Decimal.clone({ precision: 60 })

/** Where a token's price comes from: dollars are worth one, everything else what its market last traded at. */
export type PriceSource = { readonly kind: 'one' } | { readonly kind: 'market'; readonly tradingPair: string }

/** Any symbol that contains USD counts as one dollar. The `LD` of earn tokens is no part of the market's name (but LDO is a token). */
export const priceSource = (token: string, connectorName: string): PriceSource => {
  if (token.includes('USD')) return { kind: 'one' }
  const base = token.startsWith('LD') && token !== 'LDO' ? token.slice(2) : token
  return { kind: 'market', tradingPair: `${base}-${quoteCurrency(connectorName)}` }
}

/** What is shown: no zero balance, no banned token. */
export const shownBalances = (
  balances: readonly TokenBalance[],
  bannedTokens: ReadonlySet<string>,
): readonly TokenBalance[] =>
  balances.filter(({ token, total }) => !new Exact(total).isZero() && !bannedTokens.has(token))

/** Markets whose price is needed to value these balances. */
export const pricedPairs = (balances: readonly TokenBalance[], connectorName: string): readonly string[] => [
  ...new Set(
    balances.flatMap(({ token }) => {
      const source = priceSource(token, connectorName)
      return source.kind === 'market' ? [source.tradingPair] : []
    }),
  ),
]

/** One token as REST shows it; a token nobody knows a price of is worth 0. */
export const tokenEntry = (
  balance: TokenBalance,
  connectorName: string,
  prices: ReadonlyMap<string, string>,
): TokenEntry => {
  const source = priceSource(balance.token, connectorName)
  const price = new Exact(source.kind === 'one' ? 1 : (prices.get(source.tradingPair) ?? 0))
  return {
    token: balance.token,
    units: Number(balance.total),
    price: price.toNumber(),
    value: price.times(balance.total).toNumber(),
    available_units: Number(balance.available),
  }
}
