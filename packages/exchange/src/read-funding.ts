import { z } from 'zod'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { type FundingPaymentReply, fundingPaymentReply, fundingRateReply } from './ccxt-replies.ts'
import type { Markets } from './markets.ts'
import type { FundingPayment } from './venue.ts'

/** Rows per request, and how many requests one look takes at most. */
const pageSize = 500
const mostPages = 20
/** A payment is booked within this time of the rate it comes from. */
const sameSettlementMs = 60_000

const list = z.array(z.unknown())

/** All payments since a time, each once, oldest first. */
const readPayments = async (exchange: CcxtExchange, since: number): Promise<readonly FundingPaymentReply[]> => {
  const found = new Map<string, FundingPaymentReply>()
  let from = since
  for (let page = 0; page < mostPages; page += 1) {
    const rows = list
      .parse(await exchange.fetchFundingHistory(undefined, from, pageSize))
      .map((row) => fundingPaymentReply.parse(row))
    const before = found.size
    for (const row of rows) found.set(`${row.symbol} ${row.id}`, row)
    if (rows.length < pageSize || found.size === before) break
    from = Math.max(from, ...rows.map(({ timestamp }) => timestamp))
  }
  return [...found.values()]
    .filter(({ timestamp }) => timestamp >= since)
    .sort((left, right) => left.timestamp - right.timestamp)
}

/** The rates of one market since a time; none where the venue keeps no history of them. */
const readRates = async (exchange: CcxtExchange, symbol: string, since: number) => {
  if (exchange.has.fetchFundingRateHistory !== true) return []
  const rows = list.parse(await exchange.fetchFundingRateHistory(symbol, since - sameSettlementMs, pageSize))
  return rows.map((row) => fundingRateReply.parse(row))
}

/** What a perpetual account paid and was paid for its positions, with the rates where the venue tells them. */
export const readFundingPayments = async (
  exchange: CcxtExchange,
  markets: Markets,
  since: number,
): Promise<readonly FundingPayment[]> => {
  if (exchange.has.fetchFundingHistory !== true) return []
  const payments = (await readPayments(exchange, since)).filter(({ symbol }) => markets.tradingPair(symbol) !== null)
  const rates = new Map<string, Awaited<ReturnType<typeof readRates>>>()
  for (const { symbol, timestamp } of payments) {
    if (!rates.has(symbol)) rates.set(symbol, await readRates(exchange, symbol, timestamp))
  }
  return payments.map(({ id, symbol, code, amount, timestamp }) => ({
    venueId: id,
    tradingPair: markets.tradingPair(symbol) ?? symbol,
    amount,
    currency: code,
    rate:
      rates.get(symbol)?.find((rate) => Math.abs(rate.timestamp - timestamp) <= sameSettlementMs)?.fundingRate ?? null,
    time: timestamp,
  }))
}
