import {
  type ClosePositionRequest,
  closePositionRequest,
  leverageRequest,
  type PastQuery,
  type PlaceOrderResponse,
  type PositionModeInfo,
  type PositionRow,
  type PositionsPage,
  type PositionsRequest,
  pastQuery,
  perpetualPath,
  positionModeRequest,
  positionsRequest,
  type StatusMessage,
} from '@colibri/contracts'
import { type AccountVenue, UnknownPair, VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { ApiError, badRequest, notFound, unavailable, Validated } from '@colibri/service-kit'
import { Controller, Get, Headers, HttpCode, Inject, Post } from '@nestjs/common'
import type { z } from 'zod'
import type { AccountVenues } from '../accounts/account-venues.ts'
import { Exact } from '../decimal.ts'
import { checkIdempotencyKey, ORDERS, type Orders, placedReply } from '../orders/orders.http.ts'
import { type AccountPosition, isPerpetual, type Positions } from './positions.ts'
import type { PositionsAsOf } from './positions-as-of.ts'

export const POSITIONS = Symbol('positions')

export interface PositionsUseCases {
  readonly positions: Positions
  readonly venues: AccountVenues
  readonly asOf: PositionsAsOf
}

type PerpetualPath = z.infer<typeof perpetualPath>

const number = (text: string | null): number | null => (text === null ? null : Number(text))

const rowOf = (position: AccountPosition): PositionRow => ({
  account_name: position.accountName,
  connector_name: position.connectorName,
  trading_pair: position.tradingPair,
  side: position.side,
  amount: Number(position.amount),
  entry_price: number(position.entryPrice),
  unrealized_pnl: number(position.unrealizedPnl),
  leverage: number(position.leverage),
})

/** Unique also where a long and a short position of one pair are open; the contract's text where they are not. */
const cursorOf = (row: PositionRow): string =>
  `${row.account_name}:${row.connector_name}:${row.trading_pair}${row.side === 'BOTH' ? '' : `:${row.side}`}`

const pageOf = (positions: readonly AccountPosition[], { limit, cursor }: PositionsRequest): PositionsPage => {
  const rows = positions.map(rowOf).sort((left, right) => (cursorOf(left) < cursorOf(right) ? -1 : 1))
  // A position that was closed meanwhile is passed all the same: the list goes on after where it stood.
  const rest = cursor === null ? rows : rows.filter((row) => cursorOf(row) > cursor)
  const data = rest.slice(0, limit)
  const last = data.at(-1)
  const hasMore = rest.length > limit
  const next = hasMore && last !== undefined ? cursorOf(last) : null
  return { data, pagination: { limit, has_more: hasMore, next_cursor: next, total_count: rows.length } }
}

/** What the venue refuses is 400 in its own words, what it cannot be asked 503: the contract's 500 tells neither. */
const venueError = (what: string, error: unknown): unknown => {
  if (error instanceof UnknownPair || error instanceof VenueRefused) return badRequest(`${what}: ${error.message}`)
  if (error instanceof VenueUnavailable) return unavailable(`${what}: ${error.message}`)
  return error
}

@Controller('trading')
export class PositionsController {
  constructor(
    @Inject(POSITIONS) private readonly useCases: PositionsUseCases,
    @Inject(ORDERS) private readonly orders: Orders,
  ) {}

  @Post('positions')
  @HttpCode(200)
  list(
    @Validated('body', positionsRequest) body: PositionsRequest,
    @Validated('query', pastQuery) query: PastQuery,
  ): Promise<PositionsPage> {
    return this.page({ ...body, as_of: body.as_of ?? query.as_of })
  }

  @Get('positions')
  listByQuery(@Validated('query', positionsRequest) query: PositionsRequest): Promise<PositionsPage> {
    return this.page(query)
  }

  private async page(request: PositionsRequest): Promise<PositionsPage> {
    const { account_names: accounts, connector_names: connectors, as_of: time } = request
    const { positions, asOf } = this.useCases
    return pageOf(
      await (time === null ? positions.list(accounts, connectors) : asOf(time, accounts, connectors)),
      request,
    )
  }

  @Post('close-position')
  @HttpCode(201)
  async close(
    @Validated('body', closePositionRequest) body: ClosePositionRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
  ): Promise<PlaceOrderResponse> {
    const { account_name: accountName, connector_name: connectorName, trading_pair: tradingPair, side } = body
    checkIdempotencyKey(idempotencyKey)
    const venue = await this.perpetual({ account_name: accountName, connector_name: connectorName })
    const open = await venue.positions().catch((error: unknown) => {
      throw venueError('Failed to read the position', error)
    })
    const direction = (amount: string): 'LONG' | 'SHORT' => (new Exact(amount).isNegative() ? 'SHORT' : 'LONG')
    const matching = open.filter(
      (position) => position.tradingPair === tradingPair && (side === null || direction(position.amount) === side),
    )
    const [position, another] = matching
    if (position === undefined) {
      throw notFound(`No open ${side === null ? '' : `${side} `}position for ${tradingPair} on ${connectorName}`)
    }
    if (another !== undefined) {
      throw badRequest(`A LONG and a SHORT position of ${tradingPair} are open on ${connectorName}: give 'side'`)
    }
    const short = direction(position.amount) === 'SHORT'
    const amount = new Exact(position.amount).abs().toFixed()
    const order = {
      accountName,
      connectorName,
      tradingPair,
      tradeType: short ? ('BUY' as const) : ('SELL' as const),
      orderType: 'MARKET' as const,
      amount,
      price: null,
      positionAction: 'CLOSE' as const,
    }
    return placedReply(await this.orders.place(order, this.orders.cause(), idempotencyKey), order, idempotencyKey)
  }

  @Get(':account_name/:connector_name/position-mode')
  async mode(@Validated('path', perpetualPath) path: PerpetualPath): Promise<PositionModeInfo> {
    const venue = await this.perpetual(path)
    const mode = await venue.positionMode().catch((error: unknown) => {
      throw venueError('Failed to get position mode', error)
    })
    return { position_mode: mode, connector: path.connector_name, account: path.account_name }
  }

  @Post(':account_name/:connector_name/position-mode')
  @HttpCode(200)
  async setMode(
    @Validated('path', perpetualPath) path: PerpetualPath,
    @Validated('body', positionModeRequest) body: z.infer<typeof positionModeRequest>,
  ): Promise<StatusMessage> {
    const venue = await this.perpetual(path)
    const mode = body.position_mode.toUpperCase()
    if (mode !== 'HEDGE' && mode !== 'ONEWAY') {
      throw badRequest(`Invalid position mode '${body.position_mode}'. Must be 'HEDGE' or 'ONEWAY'`)
    }
    await venue.setPositionMode(mode).catch((error: unknown) => {
      throw venueError('Failed to set position mode', error)
    })
    return { status: 'success', message: `Position mode set to ${mode} on ${path.connector_name}` }
  }

  @Post(':account_name/:connector_name/leverage')
  @HttpCode(200)
  async setLeverage(
    @Validated('path', perpetualPath) path: PerpetualPath,
    @Validated('body', leverageRequest) body: z.infer<typeof leverageRequest>,
  ): Promise<StatusMessage> {
    const venue = await this.perpetual(path)
    const { trading_pair: tradingPair, leverage } = body
    await venue.setLeverage(tradingPair, leverage).catch((error: unknown) => {
      throw venueError('Failed to set leverage', error)
    })
    return { status: 'success', message: `Leverage for ${tradingPair} set to ${leverage} on ${path.connector_name}` }
  }

  private async perpetual({ account_name: account, connector_name: connector }: PerpetualPath): Promise<AccountVenue> {
    if (!(await this.orders.accountExists(account))) throw notFound(`Account '${account}' not found`)
    if (!isPerpetual(connector)) throw badRequest(`Connector '${connector}' is not a perpetual connector`)
    const access = await this.useCases.venues.access(account, connector)
    switch (access.kind) {
      case 'open':
        return access.venue
      case 'unknown-account':
        throw notFound(`Account '${account}' not found`)
      case 'unknown-connector':
        throw notFound(`Connector '${connector}' not found`)
      case 'no-credentials':
        throw badRequest(`Account '${account}' has no credentials for connector '${connector}'`)
      case 'unreadable-credentials':
        throw new ApiError(500, `The credentials of '${account}' for '${connector}' cannot be read`)
    }
  }
}
