import type { SystemResourcesResponse } from '@colibri/contracts'
import { Controller, Get } from '@nestjs/common'
import { Resources } from './resources.ts'

@Controller('system')
export class SystemHttp {
  constructor(private readonly machine: Resources) {}

  @Get('resources')
  resources(): Promise<SystemResourcesResponse> {
    return this.machine.read()
  }
}
