import { type FundingPaymentsPage, type FundingPaymentsRequest, fundingPaymentsRequest } from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Inject, Post } from '@nestjs/common'

export const FUNDING = Symbol('funding')

export type FundingPayments = (request: FundingPaymentsRequest) => Promise<FundingPaymentsPage>

@Controller('trading')
export class FundingController {
  constructor(@Inject(FUNDING) private readonly payments: FundingPayments) {}

  @Post('funding-payments')
  @HttpCode(200)
  list(@Validated('body', fundingPaymentsRequest) body: FundingPaymentsRequest): Promise<FundingPaymentsPage> {
    return this.payments(body)
  }
}
