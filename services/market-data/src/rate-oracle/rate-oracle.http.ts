import {
  type RateOracleConfig,
  type RateOracleConfigResponse,
  type RateOraclePricesResponse,
  type RateOracleUpdateRequest,
  type RateOracleUpdateResponse,
  type RateQuery,
  type RateRequest,
  type RateResponse,
  rateOracleUpdateRequest,
  ratePath,
  rateQuery,
  rateRequest,
  type SingleRateResponse,
} from '@colibri/contracts'
import { ApiError, badRequest, notFound, unprocessable, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Post, Put } from '@nestjs/common'
import type { z } from 'zod'
import { pythonText } from '../venue-calls/python-text.ts'
import { changeMessage, changeOf } from './change-settings.ts'
import { ConfClientUnreadable } from './conf-client.ts'
import { pairTokens, type Rate } from './find-rate.ts'
import { type OracleSettings, RateOracle, type Said } from './rate-oracle.ts'
import { SettingsMissing } from './rate-settings.ts'

type RatePath = z.infer<typeof ratePath>

@Controller('rate-oracle')
export class RateOracleHttp {
  constructor(private readonly oracle: RateOracle) {}

  @Get('sources')
  sources(): readonly string[] {
    return this.oracle.sources
  }

  @Get('config')
  async config(): Promise<RateOracleConfigResponse> {
    const settings = await this.oracle.settings().catch(settingsFailure)
    return { ...configBody(settings), available_sources: [...this.oracle.sources] }
  }

  @Put('config')
  async update(
    @Validated('body', rateOracleUpdateRequest) request: RateOracleUpdateRequest,
  ): Promise<RateOracleUpdateResponse> {
    const change = changeOf(request, this.oracle.sources)
    const settings = await this.oracle.change(change).catch(settingsFailure)
    return { success: true, message: changeMessage(change), config: configBody(settings) }
  }

  @Get('prices')
  async prices(): Promise<RateOraclePricesResponse> {
    const { source, quoteToken, said } = await this.oracle.allPrices()
    const prices = Object.fromEntries([...said].map(([pair, { value }]) => [pair, value.toNumber()]))
    return { source, quote_token: quoteToken, prices_count: said.size, prices }
  }

  @Post('rates')
  @HttpCode(200)
  async rates(@Validated('body', rateRequest) { trading_pairs: pairs }: RateRequest): Promise<RateResponse> {
    const { source, quoteToken, said } = await this.oracle.rates(pairs)
    const rates = Object.fromEntries([...said].map(([pair, rate]) => [pair, rateNumber(rate)]))
    return { source, quote_token: quoteToken, rates }
  }

  @Get('rate')
  async rateByQuery(@Validated('query', rateQuery) query: RateQuery): Promise<SingleRateResponse> {
    return this.#cachedRate(askedPair(query))
  }

  @Get('rate/:trading_pair')
  async rate(@Validated('path', ratePath) { trading_pair: pair }: RatePath): Promise<SingleRateResponse> {
    return this.#cachedRate(pair)
  }

  @Get('rate-async/:trading_pair')
  async freshRate(@Validated('path', ratePath) { trading_pair: pair }: RatePath): Promise<SingleRateResponse> {
    return rateBody(pair, await this.oracle.freshRate(wellFormed(pair)))
  }

  async #cachedRate(pair: string): Promise<SingleRateResponse> {
    const { said, ...about } = await this.oracle.rates([wellFormed(pair)])
    return rateBody(pair, { ...about, said: said.get(pair) })
  }
}

const configBody = ({ source, tokenName, tokenSymbol }: OracleSettings): RateOracleConfig => ({
  rate_oracle_source: { name: source },
  global_token: { global_token_name: tokenName, global_token_symbol: tokenSymbol },
})

const rateBody = (pair: string, { source, quoteToken, said }: Said<Rate | undefined>): SingleRateResponse => ({
  trading_pair: pair,
  rate: rateNumber(said),
  source,
  quote_token: quoteToken,
})

/** A rate too small or too large for a JSON number is none. */
const rateNumber = (rate: Rate | undefined): number | null => {
  const value = rate?.value.toNumber() ?? 0
  return value > 0 && Number.isFinite(value) ? value : null
}

/** The original answered a malformed pair with 500. */
const wellFormed = (pair: string): string => {
  if (pairTokens(pair) !== undefined) return pair
  throw badRequest(`Invalid trading pair format ${pythonText(pair)}. Expected format: BASE-QUOTE (e.g., BTC-USDT)`)
}

const askedPair = ({ trading_pair: pair, base, quote }: RateQuery): string => {
  if (pair !== null) return pair
  if (base !== null && quote !== null) return `${base}-${quote}`
  const missing = base === null && quote === null ? 'trading_pair' : base === null ? 'base' : 'quote'
  throw unprocessable([{ type: 'missing', loc: ['query', missing], msg: 'Field required', input: null }])
}

const settingsFailure = (error: unknown): never => {
  if (error instanceof SettingsMissing) throw notFound(error.message)
  if (error instanceof ConfClientUnreadable) throw new ApiError(500, error.message)
  throw error
}
