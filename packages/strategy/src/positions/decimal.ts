import { Decimal as GlobalDecimal } from 'decimal.js'

/** Decimals of 28 digits that round halves to the even digit, as the original's do. */
export const Decimal = GlobalDecimal.clone({ precision: 28, rounding: GlobalDecimal.ROUND_HALF_EVEN, defaults: true })
export type Decimal = GlobalDecimal

export const ZERO: Decimal = new Decimal(0)

/** Every digit that a double stands for, not the fewest that tell it from its neighbours: 0.1 has 55 of them. */
export const everyDigitOf = (value: number): Decimal =>
  Number.isInteger(value) ? new Decimal(value) : new Decimal(value.toPrecision(100))
