import { Decimal as GlobalDecimal } from 'decimal.js'

/** Decimals of 28 digits that round halves to the even digit, as the original's do. */
export const Decimal = GlobalDecimal.clone({ precision: 28, rounding: GlobalDecimal.ROUND_HALF_EVEN, defaults: true })
export type Decimal = GlobalDecimal

export const ZERO: Decimal = new Decimal(0)

/** More than any result can depend on. */
const DIGITS = 40

/** The digits that a double stands for, not the fewest that tell it from its neighbours: 0.1 has 55, of which 40 count. */
export const everyDigitOf = (value: number): Decimal =>
  Number.isInteger(value) ? new Decimal(value) : new Decimal(value.toPrecision(DIGITS))
