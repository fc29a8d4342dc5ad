import { Decimal } from 'decimal.js'
import { z } from 'zod'

const Exact = Decimal.clone({ precision: 60, toExpNeg: -1e9, toExpPos: 1e9 })

/** A decimal with 60 significant digits, written without exponent. */
export const exact = (value: string | number): Decimal => new Exact(value)

/**
 * Decimal text as a venue sent it; a number that ccxt has already made a float is written with its shortest text, which is
 * the text the venue sent for up to 15 digits.
 */
export const decimalText = z
  .union([z.string(), z.number()])
  .refine((value) => value !== '' && Number.isFinite(Number(value)), { error: 'must be a finite number' })
  .transform((value) => exact(value).toFixed())

/** As `decimalText`; what is missing or unreadable is `null`. */
export const optionalDecimal = z.unknown().transform((value) => decimalText.safeParse(value).data ?? null)
