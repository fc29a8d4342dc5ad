import { type RebalanceRequest, type RebalanceResponse, rebalancePath, rebalanceRequest } from '@colibri/contracts'
import { badRequest, notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common'
import type { z } from 'zod'
import { dryRunView, rebalanceView } from './rebalance-view.ts'
import type { Rebalances } from './rebalances.ts'

export const REBALANCES = Symbol('rebalances')

const ACCEPTED = 202
const KEY_PATTERN = /^[\x20-\x7e]{1,255}$/

interface Answer {
  status(code: number): unknown
}

@Controller('portfolio')
export class RebalanceHttp {
  constructor(@Inject(REBALANCES) private readonly rebalances: Rebalances) {}

  /** 200 with the plan for a dry run; 202 with the plan's id once it is stored, and then it is carried out. */
  @Post('rebalance')
  @HttpCode(200)
  async rebalance(
    @Validated('body', rebalanceRequest) request: RebalanceRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Answer,
  ): Promise<RebalanceResponse> {
    if (request.dry_run) return dryRunView(await this.rebalances.dryRun(request))
    if (key !== undefined && !KEY_PATTERN.test(key))
      throw badRequest('Invalid Idempotency-Key: it must be 1 to 255 printable ASCII characters')
    const running = await this.rebalances.start(request, key)
    response.status(ACCEPTED)
    return rebalanceView(running)
  }

  @Get('rebalance/:plan_id')
  async progress(
    @Validated('path', rebalancePath) { plan_id: planId }: z.infer<typeof rebalancePath>,
  ): Promise<RebalanceResponse> {
    const running = await this.rebalances.find(planId)
    if (running === undefined) throw notFound(`Rebalance '${planId}' not found`)
    return rebalanceView(running)
  }
}
