import { type AuditPage, type AuditRequest, auditRequest } from '@colibri/contracts'
import { unprocessable, Validated } from '@colibri/service-kit'
import { Controller, Get, Inject } from '@nestjs/common'
import type { AuditQueries } from './audit.queries.ts'

export const AUDIT = Symbol('audit')

@Controller('audit')
export class AuditController {
  constructor(@Inject(AUDIT) private readonly queries: AuditQueries) {}

  @Get()
  page(@Validated('query', auditRequest) query: AuditRequest): Promise<AuditPage> {
    const { start_time: start, end_time: end } = query
    if (start !== null && end !== null && end < start) {
      const msg = `Input should be a time at or after start_time, ${new Date(start).toISOString()}`
      throw unprocessable([
        { type: 'value_error', loc: ['query', 'end_time'], msg, input: new Date(end).toISOString() },
      ])
    }
    return this.queries.page(query)
  }
}
