import type { Difference } from './compare.ts'

/** More tokens than these differing at once are no trade. */
const MOST_TOKENS = 4

/** The pairs whose trading could explain what differs: those of positions, and every pair of two tokens. */
export const pairsBehind = (differences: readonly Difference[]): readonly string[] => {
  const tokens = differences.filter(({ kind }) => kind === 'balance').map(({ subject }) => subject)
  const pairs =
    tokens.length > MOST_TOKENS ? [] : tokens.flatMap((base) => tokens.map((quote) => [base, quote] as const))
  return [
    ...new Set([
      ...differences.flatMap(({ tradingPair }) => (tradingPair === null ? [] : [tradingPair])),
      ...pairs.filter(([base, quote]) => base !== quote).map(([base, quote]) => `${base}-${quote}`),
    ]),
  ]
}
