import {
  type GuardLimitsRequest,
  type GuardScope,
  type GuardView,
  guardLimitsRequest,
  guardPath,
  type HaltRequest,
  haltRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post, Put } from '@nestjs/common'
import type { z } from 'zod'
import type { Cause } from '../orders/order-streams.ts'
import type { Guard, LossWatch } from './guard.ts'
import type { TradingGuards } from './guards.ts'
import type { Sight } from './watch-losses.ts'

export const GUARDS = Symbol('guards')

export interface GuardUseCases {
  readonly guards: TradingGuards
  accountExists(accountName: string): Promise<boolean>
  cause(): Required<Cause>
  /** Goes down the ladder of a halt, behind the reply. */
  descend(scope: GuardScope): void
  /** What the watch over losses sees. */
  sight(scope: GuardScope): Sight | undefined
}

type Path = z.infer<typeof guardPath>

const equityViewOf = ({ marks }: LossWatch, sight: Sight | undefined): GuardView['equity'] => ({
  equity: sight?.equity ?? null,
  start: marks?.start ?? null,
  peak: sight?.peak ?? marks?.peak ?? null,
  seen_at: sight?.seenAt ?? null,
  blind_since: sight?.blind?.since ?? null,
  blind_reason: sight?.blind?.reason ?? null,
  unpriced: [...(marks?.unpriced ?? [])],
})

const viewOf = ({ scope, limits, halt, watch }: Guard, sight: Sight | undefined): GuardView => ({
  account_name: scope.kind === 'account' ? scope.accountName : null,
  limits: {
    max_order_notional: limits.maxOrderNotional,
    max_open_notional: limits.maxOpenNotional,
    max_orders_per_minute: limits.maxOrdersPerMinute,
    max_loss: limits.maxLoss,
    max_drawdown: limits.maxDrawdown,
    loss_ladder: limits.lossLadder,
  },
  equity: watch === null ? null : equityViewOf(watch, sight?.watch === watch.id ? sight : undefined),
  state: halt.kind === 'none' ? 'armed' : halt.kind,
  ladder: halt.kind === 'none' ? null : halt.ladder,
  reason: halt.kind === 'none' ? null : halt.reason,
})

const PORTFOLIO = { kind: 'portfolio' } as const

@Controller('guards')
export class GuardsController {
  constructor(@Inject(GUARDS) private readonly useCases: GuardUseCases) {}

  @Get()
  list(): GuardView[] {
    return this.useCases.guards.all().map((guard) => viewOf(guard, this.useCases.sight(guard.scope)))
  }

  @Get('portfolio')
  portfolio(): GuardView {
    return this.view(PORTFOLIO)
  }

  @Put('portfolio')
  limitPortfolio(@Validated('body', guardLimitsRequest) body: GuardLimitsRequest): Promise<GuardView> {
    return this.limit(PORTFOLIO, body)
  }

  @Post('portfolio/halt')
  @HttpCode(200)
  haltPortfolio(@Validated('body', haltRequest) body: HaltRequest): Promise<GuardView> {
    return this.halt(PORTFOLIO, body)
  }

  @Post('portfolio/rearm')
  @HttpCode(200)
  rearmPortfolio(): Promise<GuardView> {
    return this.rearm(PORTFOLIO)
  }

  @Get('accounts/:account_name')
  async account(@Validated('path', guardPath) path: Path): Promise<GuardView> {
    return this.view(await this.scope(path))
  }

  @Put('accounts/:account_name')
  async limitAccount(
    @Validated('path', guardPath) path: Path,
    @Validated('body', guardLimitsRequest) body: GuardLimitsRequest,
  ): Promise<GuardView> {
    return this.limit(await this.scope(path), body)
  }

  @Post('accounts/:account_name/halt')
  @HttpCode(200)
  async haltAccount(
    @Validated('path', guardPath) path: Path,
    @Validated('body', haltRequest) body: HaltRequest,
  ): Promise<GuardView> {
    return this.halt(await this.scope(path), body)
  }

  @Post('accounts/:account_name/rearm')
  @HttpCode(200)
  async rearmAccount(@Validated('path', guardPath) path: Path): Promise<GuardView> {
    return this.rearm(await this.scope(path))
  }

  private async scope({ account_name: accountName }: Path): Promise<GuardScope> {
    if (!(await this.useCases.accountExists(accountName))) throw notFound(`Account '${accountName}' not found`)
    return { kind: 'account', accountName }
  }

  private view(scope: GuardScope): GuardView {
    return viewOf(this.useCases.guards.of(scope), this.useCases.sight(scope))
  }

  private async limit(scope: GuardScope, body: GuardLimitsRequest): Promise<GuardView> {
    const limits = {
      maxOrderNotional: body.max_order_notional,
      maxOpenNotional: body.max_open_notional,
      maxOrdersPerMinute: body.max_orders_per_minute,
      maxLoss: body.max_loss,
      maxDrawdown: body.max_drawdown,
      lossLadder: body.loss_ladder,
    }
    await this.useCases.guards.setLimits(scope, limits, this.useCases.cause())
    return this.view(scope)
  }

  private async halt(scope: GuardScope, { ladder, reason }: HaltRequest): Promise<GuardView> {
    await this.useCases.guards.halt(scope, ladder, reason, this.useCases.cause())
    this.useCases.descend(scope)
    return this.view(scope)
  }

  private async rearm(scope: GuardScope): Promise<GuardView> {
    await this.useCases.guards.rearm(scope, this.useCases.cause())
    return this.view(scope)
  }
}
