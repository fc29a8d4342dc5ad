import { z } from 'zod'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { fillOf } from './ccxt-orders.ts'
import type { Markets } from './markets.ts'
import type { VenueFill } from './venue.ts'

/** Rows per request, and how many requests one window takes at most. */
const pageSize = 500
const mostPages = 20

const dayMs = 24 * 60 * 60_000
/** Binance futures answers for seven days from the start time, and knows the last six months. */
const futuresWindowMs = 7 * dayMs
const futuresHistoryMs = 180 * dayMs

/** Exchanges whose list of fills takes the venue's order id through ccxt; the longest list they give. */
const listsByOrder: readonly string[] = ['binance', 'binanceusdm']
const longestList = 1_000

const list = z.array(z.unknown())

const windowStarts = (exchange: CcxtExchange, since: number, now: number): readonly number[] => {
  if (exchange.id !== 'binanceusdm' || now - since <= futuresWindowMs) return [since]
  const first = Math.max(since, now - futuresHistoryMs)
  return Array.from(
    { length: Math.ceil((now - first) / futuresWindowMs) },
    (_, index) => first + index * futuresWindowMs,
  )
}

/** All fills of one pair since a time, oldest first, each trade once. */
export const readFills = async (
  exchange: CcxtExchange,
  markets: Markets,
  tradingPair: string,
  since: number,
): Promise<readonly VenueFill[]> => {
  const { symbol } = markets.market(tradingPair)
  const found = new Map<string, VenueFill>()
  for (const start of windowStarts(exchange, since, Date.now())) {
    let from = start
    for (let page = 0; page < mostPages; page += 1) {
      const rows = list.parse(await exchange.fetchMyTrades(symbol, from, pageSize))
      const fills = rows.map((row) => fillOf(row, markets)).filter((fill) => fill !== null)
      const before = found.size
      for (const fill of fills) found.set(fill.tradeId, fill)
      const latest = Math.max(from, ...fills.map((fill) => fill.time))
      if (rows.length < pageSize || found.size === before) break
      from = latest
    }
  }
  return [...found.values()].filter((fill) => fill.time >= since).sort(oldestFirst)
}

/** All fills of one order, oldest first; undefined where they can only be read with those of its pair. */
export const readFillsOf = async (
  exchange: CcxtExchange,
  markets: Markets,
  tradingPair: string,
  venueOrderId: string,
): Promise<readonly VenueFill[] | undefined> => {
  if (!listsByOrder.includes(exchange.id)) return undefined
  const { symbol } = markets.market(tradingPair)
  const rows = list.parse(await exchange.fetchMyTrades(symbol, undefined, longestList, { orderId: venueOrderId }))
  if (rows.length >= longestList) return undefined
  return rows
    .map((row) => fillOf(row, markets))
    .filter((fill) => fill !== null)
    .sort(oldestFirst)
}

const oldestFirst = (left: VenueFill, right: VenueFill): number =>
  left.time - right.time || left.tradeId.localeCompare(right.tradeId, 'en', { numeric: true })
