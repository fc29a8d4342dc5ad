import { type CandlesRequest, type CandlesResponse, candlesRequest } from '@colibri/contracts'
import { UnknownPair, VenueRefused } from '@colibri/exchange'
import { ApiError, badRequest, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Post } from '@nestjs/common'
import { VenueTooSlow } from '../venue-calls/deadline.ts'
import { pythonList } from '../venue-calls/python-text.ts'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { candleReply } from './candle-reply.ts'
import { Candles } from './candles.ts'

/** More than any venue keeps for one page walk within a client's patience. */
const MAX_ROWS = 10_000

@Controller('market-data')
export class CandlesHttp {
  constructor(private readonly candles: Candles) {}

  @Get('available-candle-connectors')
  connectors(): readonly string[] {
    return this.candles.connectors()
  }

  @Post('candles')
  @HttpCode(200)
  async newest(@Validated('body', candlesRequest) request: CandlesRequest): Promise<CandlesResponse> {
    const { connector_name: connectorName, trading_pair: tradingPair, interval, max_records: rows } = request
    const intervals = this.candles.intervals(connectorName)
    if (intervals === undefined) {
      const available = pythonList(this.candles.connectors())
      throw badRequest(`Unsupported connector '${connectorName}'. Available connectors: ${available}`)
    }
    if (!tradingPair.includes('-'))
      throw badRequest(`Invalid trading pair format '${tradingPair}'. Expected format: BASE-QUOTE (e.g., BTC-USDT)`)
    if (!intervals.includes(interval))
      throw badRequest(
        `Unsupported interval '${interval}' for '${connectorName}'. Supported intervals: ${pythonList(intervals)}`,
      )
    if (rows < 1 || rows > MAX_ROWS) throw badRequest(`Invalid max_records ${rows}. Must be between 1 and ${MAX_ROWS}`)

    const query = { connectorName, tradingPair, interval, rows }
    const candles = await this.candles.newest(query).catch((error: unknown) => {
      throw candleFailure(error, connectorName, tradingPair)
    })
    if (candles.length === 0)
      throw badRequest(`Trading pair '${tradingPair}' not found on '${connectorName}'. No candle data returned.`)
    return candles.map(candleReply)
  }
}

const candleFailure = (error: unknown, connectorName: string, tradingPair: string): unknown => {
  if (error instanceof UnknownPair || error instanceof VenueRefused)
    return badRequest(`Trading pair '${tradingPair}' appears to be invalid on '${connectorName}': ${error.message}`)
  if (error instanceof VenueTooSlow)
    return new ApiError(
      504,
      `Candle feed for ${connectorName} ${tradingPair} did not become ready within ${error.waitedMs / 1000}s. ` +
        'The trading pair may not exist on this exchange.',
    )
  return venueFailure(error, connectorName)
}
