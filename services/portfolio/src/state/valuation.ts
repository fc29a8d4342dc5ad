import type { TokenBalance, TokenEntry } from '@colibri/contracts'
import { Decimal } from 'decimal.js'
import { quoteCurrency } from './quote-currency.ts'

// Wide enough that a product of two exchange numbers is never rounded before it becomes a JSON number.
export const Exact = Decimal.clone({ precision: 60 })

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

/** One token and what one unit of it is worth, decimal text. */
export interface ValuedToken {
  readonly token: string
  readonly units: string
  readonly available: string
  /** In USDT; 0 where nobody knows one. */
  readonly price: string
}

export const valuedToken = (
  { token, total, available }: TokenBalance,
  connectorName: string,
  prices: ReadonlyMap<string, string>,
): ValuedToken => {
  const source = priceSource(token, connectorName)
  const price = source.kind === 'one' ? '1' : (prices.get(source.tradingPair) ?? '0')
  return { token, units: total, available, price }
}

/** What it is worth in all, exactly. */
export const worthOf = ({ units, price }: Pick<ValuedToken, 'units' | 'price'>): Decimal =>
  new Exact(price).times(units)

/** One token as REST shows it. */
export const tokenEntry = (valued: ValuedToken): TokenEntry => ({
  token: valued.token,
  units: Number(valued.units),
  price: Number(valued.price),
  value: worthOf(valued).toNumber(),
  available_units: Number(valued.available),
})
