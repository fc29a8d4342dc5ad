import {
  type ConfigMapResponse,
  connectorPath,
  type OrderTypesResponse,
  type TradingRulesResponse,
  tradingRulesQuery,
} from '@colibri/contracts'
import { connectorOf, UnknownConnector } from '@colibri/exchange'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, Res } from '@nestjs/common'
import type { Response } from 'express'
import type { z } from 'zod'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { configMap } from './config-map.ts'
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

  @Get(':connector_name/config-map')
  fields(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): ConfigMapResponse {
    try {
      return configMap(connectorOf(name))
    } catch (error) {
      if (error instanceof UnknownConnector) throw notFound(`Connector '${name}' not found`)
      throw error
    }
  }

  @Get(':connector_name/order-types')
  orderTypes(@Validated('path', connectorPath) { connector_name: name }: ConnectorPath): OrderTypesResponse {
    try {
      return { connector: name, supported_order_types: [...this.rules.orderTypes(name)] }
    } catch (error) {
      if (error instanceof UnknownConnector) throw notFound(`Connector '${name}' not found: ${error.message}`)
      throw error
    }
  }

  /** `Age` says how many seconds ago the venue was asked: rules are served while the venue is away. */
  @Get(':connector_name/trading-rules')
  async tradingRules(
    @Validated('path', connectorPath) { connector_name: name }: ConnectorPath,
    @Validated('query', tradingRulesQuery) { trading_pairs: pairs }: TradingRulesQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TradingRulesResponse> {
    const inForm = (reason: string) => `Connector '${name}' not found or error: ${reason}`
    const { value, time } = await this.rules.all(name).catch((error: unknown) => {
      if (error instanceof UnknownConnector) throw notFound(inForm(error.message))
      throw venueFailure(error, name, inForm)
    })
    response.setHeader('age', Math.max(0, Math.floor((this.rules.now() - time) / 1000)))
    return tradingRulesReplyBody(value, askedPairs(pairs))
  }
}
