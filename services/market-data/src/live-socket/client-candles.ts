import { badRequest } from '@colibri/service-kit'
import { candleFailure } from '../candles/candle-errors.ts'
import { checkPair, unsupportedConnector, unsupportedInterval } from '../candles/candle-queries.ts'
import type { Candles } from '../candles/candles.ts'
import type { LiveCandles } from '../candles/live-candles.ts'
import { NotServed } from './explain.ts'

/** Live candles as a client may ask for them: what cannot be had is refused with the words REST has for it. */
export const clientCandles = (live: LiveCandles, offers: Pick<Candles, 'connectors' | 'intervals'>): LiveCandles => ({
  open: (connectorName, tradingPair, interval, rows) => {
    const offered = offers.intervals(connectorName)
    if (offered === undefined) throw unsupportedConnector(connectorName, offers.connectors())
    checkPair(tradingPair)
    if (!offered.includes(interval))
      throw new NotServed(`Failed to start feed: ${unsupportedInterval(interval, connectorName, offered).message}`)
    const candles = live.open(connectorName, tradingPair, interval, rows)
    const ready = async (timeoutMs: number) => {
      const found = await candles.ready(timeoutMs).catch((error: unknown) => {
        throw candleFailure(error, { connectorName, tradingPair, interval }, timeoutMs)
      })
      if (found.length > 0) return found
      throw badRequest(`Trading pair '${tradingPair}' not found on '${connectorName}'. No candle data returned.`)
    }
    return { ...candles, ready }
  },
})
