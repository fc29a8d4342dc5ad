import { Decimal } from 'decimal.js'

/** Exact sums and products of anything a venue sends: 80 significant digits, never exponent notation. */
export const Exact = Decimal.clone({ precision: 80, toExpNeg: -1_000_000, toExpPos: 1_000_000 })
export type Exact = Decimal
