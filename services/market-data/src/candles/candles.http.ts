import {
  type CandlesOfManyRequest,
  type CandlesOfManyResponse,
  type CandlesQuery,
  type CandlesRequest,
  type CandlesResponse,
  candlesBody,
  candlesPath,
  candlesQuery,
} from '@colibri/contracts'
import { badRequest, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Post } from '@nestjs/common'
import { candleFailure } from './candle-errors.ts'
import { checkPair, unsupportedConnector, unsupportedInterval } from './candle-queries.ts'
import { candleReply } from './candle-reply.ts'
import { Candles } from './candles.ts'
import { inParallel } from './in-parallel.ts'
import type { SeriesKey } from './stored-candles.ts'

/** More than any venue keeps for one page walk within a client's patience. */
const MAX_ROWS = 10_000
/** Pairs times intervals of one request, and how many of them are asked for at a time. */
const MAX_SERIES = 50
const AT_ONCE = 5

@Controller('market-data')
export class CandlesHttp {
  constructor(private readonly candles: Candles) {}

  @Get('available-candle-connectors')
  connectors(): readonly string[] {
    return this.candles.connectors()
  }

  @Post('candles')
  @HttpCode(200)
  newest(
    @Validated('body', candlesBody) request: CandlesRequest | CandlesOfManyRequest,
  ): Promise<CandlesResponse | CandlesOfManyResponse> {
    if ('trading_pairs' in request) return this.#ofMany(request)
    const { connector_name: connectorName, trading_pair: tradingPair, interval, max_records: rows } = request
    return this.#ofOne({ connectorName, tradingPair, interval }, rows)
  }

  @Get('candles/:trading_pair')
  ofPair(
    @Validated('path', candlesPath) { trading_pair: tradingPair }: { readonly trading_pair: string },
    @Validated('query', candlesQuery) query: CandlesQuery,
  ): Promise<CandlesResponse> {
    const { connector_name: connectorName, interval, max_records: rows } = query
    return this.#ofOne({ connectorName, tradingPair, interval }, rows)
  }

  async #ofMany(request: CandlesOfManyRequest): Promise<CandlesOfManyResponse> {
    const { connector_name: connectorName, max_records: rows } = request
    const [pairs, intervals] = [[...new Set(request.trading_pairs)], [...new Set(request.intervals)]]
    const keys = pairs.flatMap((tradingPair) => intervals.map((interval) => ({ connectorName, tradingPair, interval })))
    if (keys.length > MAX_SERIES) throw badRequest(`${keys.length} series at once are too many; ask for ${MAX_SERIES}`)
    for (const key of keys) this.#check(key, rows)
    const series = await inParallel(keys, AT_ONCE, (key) => this.#ofOne(key, rows))
    const found = new Map(keys.map(({ tradingPair, interval }, index) => [`${tradingPair} ${interval}`, series[index]]))
    return Object.fromEntries(
      pairs.map((pair) => [
        pair,
        Object.fromEntries(intervals.map((interval) => [interval, found.get(`${pair} ${interval}`) ?? []])),
      ]),
    )
  }

  async #ofOne(key: SeriesKey, rows: number): Promise<CandlesResponse> {
    this.#check(key, rows)
    const candles = await this.candles.newest(key, rows).catch((error: unknown) => {
      throw candleFailure(error, key, this.candles.waitMs)
    })
    const { connectorName, tradingPair } = key
    if (candles.length === 0)
      throw badRequest(`Trading pair '${tradingPair}' not found on '${connectorName}'. No candle data returned.`)
    return candles.map(candleReply)
  }

  #check({ connectorName, tradingPair, interval }: SeriesKey, rows: number): void {
    const offered = this.candles.intervals(connectorName)
    if (offered === undefined) throw unsupportedConnector(connectorName, this.candles.connectors())
    checkPair(tradingPair)
    if (!offered.includes(interval)) throw unsupportedInterval(interval, connectorName, offered)
    if (rows < 1 || rows > MAX_ROWS) throw badRequest(`Invalid max_records ${rows}. Must be between 1 and ${MAX_ROWS}`)
  }
}
