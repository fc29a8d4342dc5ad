import { hash, hashText } from '../random.ts'
import type { FundingPaid } from './events.ts'
import type { Exchange } from './exchange.ts'
import { Exact, findInstrument, type Instrument, priceOf, scaled } from './instruments.ts'
import { notionalOf } from './margin.ts'

export const fundingInterval = 8 * 60 * 60 * 1000

export const nextFundingTime = (time: number): number =>
  Math.floor(time / fundingInterval) * fundingInterval + fundingInterval

/** Between -0.01 % and +0.03 %, a function of seed, instrument and the time it is due. */
export const fundingRate = (seed: number, instrument: Instrument, time: number): string => {
  const units =
    Math.floor((40_000 * hash(seed, hashText(instrument.symbol), Math.floor(time / fundingInterval))) / 0x100000000) -
    10_000
  return `${units < 0 ? '-' : ''}${scaled(Math.abs(units), 8)}`
}

/** Mark and index price are the last price: the replay has no other. */
export const markOf = (exchange: Exchange, instrument: Instrument, time = exchange.clock.now()): Exact =>
  priceOf(instrument, exchange.venue(instrument).tape.last(time).price)

/** What every open position pays or receives at a funding time: longs pay a positive rate, shorts receive it. */
export const fundingPayments = (exchange: Exchange, time: number): FundingPaid[] => {
  const payments: FundingPaid[] = []
  for (const account of exchange.state.accounts.values()) {
    for (const position of account.positions.values()) {
      if (position.lots === 0) continue
      const instrument = findInstrument('futures', position.symbol) as Instrument
      const rate = fundingRate(exchange.seed, instrument, time)
      payments.push({
        type: 'FundingPaid',
        id: exchange.state.lastIncomeId + payments.length + 1,
        account: account.id,
        symbol: position.symbol,
        positionSide: position.side,
        rate,
        amount: notionalOf(position, markOf(exchange, instrument, time))
          .mul(rate)
          .neg()
          .toDecimalPlaces(8, Exact.ROUND_DOWN)
          .toFixed(),
        asset: instrument.quote,
        time,
      })
    }
  }
  return payments
}
