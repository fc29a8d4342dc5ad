import {
  type ConfigMapResponse,
  type ConnectorResponse,
  connectorPath,
  type OrderTypesResponse,
  type TradingRulesResponse,
  tradingRulesQuery,
} from '@colibri/contracts'
import { type Connector, connectorOf, UnknownConnector } from '@colibri/exchange'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, Res } from '@nestjs/common'
import type { Response } from 'express'
import type { z } from 'zod'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { configMap } from './config-map.ts'
import { connectorReply } from './connector-reply.ts'
import { askedPairs, tradingRulesReplyBody } from './trading-rule-reply.ts'
import { TradingRules } from './trading-rules.ts'

type ConnectorPath = z.infer<typeof connectorPath>
type TradingRulesQuery = z.infer<typeof tradingRulesQuery>

@Controller('connectors')
export class ConnectorsHttp {
  constructor(private readonly rules: TradingRules) {}

  @Get()
  list(): readonly string[] {
    return this.rules.connectorNames()
  }

  @Get(':connector_name')
  one(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): ConnectorResponse {
    return connectorReply(known(name))
  }

  @Get(':connector_name/config-map')
  fields(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): ConfigMapResponse {
    return configMap(known(name))
  }

  @Get(':connector_name/order-types')
  orderTypes(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): OrderTypesResponse {
    const { orderTypes } = known(name, (reason) => `Connector '${name}' not found: ${reason}`)
    return { connector: name, supported_order_types: [...orderTypes] }
  }

  /** `Age` says how many seconds ago the venue was asked: rules are served while the venue is away. */
  @Get(':connector_name/trading-rules')
  async tradingRules(
    @Validated('path', connectorPath) { connector_name: name }: ConnectorPath,
    @Validated('query', tradingRulesQuery) { trading_pairs: pairs }: TradingRulesQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TradingRulesResponse> {
    const { value, time } = await this.#rules(name)
    response.setHeader('age', Math.max(0, Math.floor((this.rules.now() - time) / 1000)))
    return tradingRulesReplyBody(value, askedPairs(pairs))
  }

  @Get([':connector_name/trading-pairs', ':connector_name/markets'])
  async tradingPairs(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): Promise<string[]> {
    const { value } = await this.#rules(name)
    return value.map(({ tradingPair }) => tradingPair).sort()
  }

  #rules(name: string): ReturnType<TradingRules['all']> {
    return this.rules.all(name).catch((error: unknown) => {
      throw venueFailure(error, name, (reason) => `Connector '${name}' not found or error: ${reason}`)
    })
  }
}

const known = (name: string, text = (_reason: string) => `Connector '${name}' not found`): Connector => {
  try {
    return connectorOf(name)
  } catch (error) {
    throw error instanceof UnknownConnector ? notFound(text(error.message)) : error
  }
}
