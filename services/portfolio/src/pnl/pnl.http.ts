import { type PnlRequest, type PnlResponse, pnlRequest } from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, Get, Inject } from '@nestjs/common'

export const PNL = Symbol('profit and loss')
export type ReadPnl = (request: PnlRequest) => Promise<PnlResponse>

@Controller('portfolio')
export class PnlHttp {
  constructor(@Inject(PNL) private readonly read: ReadPnl) {}

  @Get('pnl')
  pnl(@Validated('query', pnlRequest) request: PnlRequest): Promise<PnlResponse> {
    return this.read(request)
  }
}
