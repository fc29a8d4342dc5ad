import { Exact, type Instrument, lotsOf, ticksOf } from './instruments.ts'
import { filterFailure, Rejection } from './rejection.ts'

const decimalText = /^\d+(\.\d+)?$/

/** A positive decimal of a request. Refuses what is no number (-1100) and zero (-1013). */
export const parseAmount = (name: string, text: string): Exact => {
  if (!decimalText.test(text)) {
    throw new Rejection(
      -1100,
      `Illegal characters found in parameter '${name}'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.`,
    )
  }
  const value = new Exact(text)
  if (value.isZero()) throw new Rejection(-1013, `Invalid ${name}.`)
  return value
}

/** Price in ticks. Spot and futures word the same refusal differently. */
export const checkedPrice = (instrument: Instrument, price: Exact): number => {
  const ticks = ticksOf(instrument, price)
  if (Number.isInteger(ticks) && price.lte(1_000_000)) return ticks
  if (instrument.market === 'spot') throw filterFailure('PRICE_FILTER')
  if (price.decimalPlaces() > instrument.priceDecimals)
    throw new Rejection(-1111, 'Precision is over the maximum defined for this asset.')
  throw new Rejection(-4014, 'Price not increased by tick size.')
}

/** Quantity in lots. */
export const checkedQuantity = (instrument: Instrument, quantity: Exact): number => {
  const lots = lotsOf(instrument, quantity)
  if (Number.isInteger(lots) && quantity.lte(instrument.maxQuantity)) return lots
  if (instrument.market === 'spot') throw filterFailure('LOT_SIZE')
  if (quantity.decimalPlaces() > instrument.quantityDecimals)
    throw new Rejection(-1111, 'Precision is over the maximum defined for this asset.')
  throw new Rejection(-4005, 'Quantity greater than max quantity.')
}

export const checkNotional = (instrument: Instrument, notional: Exact): void => {
  if (notional.gte(instrument.minNotional)) return
  if (instrument.market === 'spot') throw filterFailure('NOTIONAL')
  throw new Rejection(
    -4164,
    `Order's notional must be no smaller than ${instrument.minNotional} (unless you choose reduce only).`,
  )
}
