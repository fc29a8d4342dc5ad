import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type HistoricalCandlesRequest, historicalCandlesRequest } from '@colibri/contracts'
import { catalogue } from '@colibri/exchange'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post, Res } from '@nestjs/common'
import type { Response } from 'express'
import { historyFailure } from './candle-errors.ts'
import { CandleHistory } from './candle-history.ts'
import { checkPair, historyRange, unsupportedConnector, unsupportedInterval } from './candle-queries.ts'
import { Candles } from './candles.ts'
import { foundRowsJson } from './found-rows.ts'

@Controller('market-data')
export class HistoricalCandlesHttp {
  constructor(
    private readonly candles: Candles,
    private readonly history: CandleHistory,
  ) {}

  @Post('historical-candles')
  @HttpCode(200)
  async historical(
    @Validated('body', historicalCandlesRequest) request: HistoricalCandlesRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { connector_name: connectorName, trading_pair: tradingPair, interval } = request
    const key = { connectorName, tradingPair, interval }
    checkPair(tradingPair)
    const range = historyRange(interval, request.start_time, request.end_time)
    const { stored } = this.history
    // What was imported is served, whoever offers it.
    if (!isConnector(connectorName) || (await stored.find(key)) === undefined) {
      const offered = this.candles.intervals(connectorName)
      if (offered === undefined) throw unsupportedConnector(connectorName, this.candles.connectors())
      if (!offered.includes(interval)) throw unsupportedInterval(interval, connectorName, offered)
    }
    const found = await this.history.find(key, range).catch((error: unknown) => {
      throw historyFailure(error, key, this.history.waitMs)
    })
    const json = foundRowsJson(stored, interval, found)
    const first = await json.next()
    if (first.done === true) throw notFound('No historical data available')
    response.status(200).type('json')
    await pipeline(Readable.from(list(first.value, json)), response).catch((error: unknown) => {
      if (!isGone(error)) throw error
    })
  }
}

const isConnector = (connectorName: string): boolean => catalogue.some(({ name }) => name === connectorName)

/** The client left before the end. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'

const list = async function* (
  first: string | Uint8Array,
  rest: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array> {
  yield '['
  yield first
  yield* rest
  yield ']'
}
