import type { EquityMarks, GuardLimits } from '@colibri/contracts'
import { Exact } from '../decimal.ts'
import type { LossBreach } from './guards.ts'
import type { Holding } from './read-holdings.ts'

type Seen = Extract<Holding, { readonly kind: 'seen' }>

export type Valued =
  | {
      readonly kind: 'valued'
      readonly worths: ReadonlyMap<Seen, Exact>
      readonly equity: Exact
      readonly unpriced: readonly string[]
    }
  | { readonly kind: 'blind'; readonly reason: string }

export const unpricedKey = (connectorName: string, token: string): string => `${connectorName} ${token}`

/**
 * Equity in USDT. What had no price when the watch began (`marks` of it) is left out; without marks it is found out now. A
 * price that is missing since then makes equity unknown: it is never taken for zero.
 */
export const valuate = (holdings: readonly Holding[], marks: EquityMarks | null): Valued => {
  const unpriced = new Set(marks?.unpriced)
  const worths = new Map<Seen, Exact>()
  for (const holding of holdings) {
    if (holding.kind === 'unseen') return { kind: 'blind', reason: holding.reason }
    let worth = new Exact(0)
    for (const [token, amount] of holding.tokens) {
      const key = unpricedKey(holding.connectorName, token)
      if (amount.isZero() || unpriced.has(key)) continue
      const price = holding.prices.get(token) ?? null
      if (price !== null) worth = worth.plus(amount.times(price))
      else if (marks === null) unpriced.add(key)
      else return { kind: 'blind', reason: `nobody knows a price of ${token} at ${holding.connectorName}` }
    }
    worths.set(holding, worth)
  }
  const equity = [...worths.values()].reduce((sum, worth) => sum.plus(worth), new Exact(0))
  return { kind: 'valued', worths, equity, unpriced: [...unpriced] }
}

/** The limit that equity has fallen through, if any: the loss from the start first. */
export const breachOf = (
  { maxLoss, maxDrawdown }: GuardLimits,
  start: Exact,
  peak: Exact,
  equity: Exact,
): Omit<LossBreach, 'watch'> | undefined => {
  const fellThrough = (reference: Exact, allowed: string | null): boolean =>
    allowed !== null && reference.minus(equity).gt(allowed)
  if (maxLoss !== null && fellThrough(start, maxLoss)) {
    return { limit: 'maxLoss', equity: equity.toFixed(), reference: start.toFixed(), allowed: maxLoss }
  }
  if (maxDrawdown !== null && fellThrough(peak, maxDrawdown)) {
    return { limit: 'maxDrawdown', equity: equity.toFixed(), reference: peak.toFixed(), allowed: maxDrawdown }
  }
  return undefined
}

export const breachText = ({ limit, equity, reference, allowed }: Omit<LossBreach, 'watch'>): string => {
  const [what, from] = limit === 'maxLoss' ? ['loss', 'start'] : ['drawdown', 'peak']
  const fallen = new Exact(reference).minus(equity).toFixed()
  return `${what} of ${fallen} USDT, above the limit of ${allowed}: equity ${equity} after a ${from} of ${reference}`
}

/** A peak is stored when it has risen by a hundredth of what may be lost: no more is forgotten by a crash. */
export const isWorthStoring = ({ maxLoss, maxDrawdown }: GuardLimits, stored: string, peak: Exact): boolean =>
  peak.minus(stored).gte(new Exact(maxDrawdown ?? maxLoss ?? 0).dividedBy(100))
