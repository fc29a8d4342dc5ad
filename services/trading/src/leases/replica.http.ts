import { balancesReply, balancesRequest } from '@colibri/contracts'
import { Internal, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Inject, Post } from '@nestjs/common'
import type { z } from 'zod'
import type { Balances } from '../accounts/balances.ts'
import type { AccountPosition, Positions } from '../positions/positions.ts'
import { positionsAsked } from './ask-owners.ts'

export const REPLICA = Symbol('what this replica holds')

export interface ReplicaUseCases {
  /** Of the accounts held here. */
  readonly positions: Positions
  readonly balances: Balances
}

/** What trading processes ask each other; the edge has no route to it. */
@Internal()
@Controller('replica')
export class ReplicaController {
  constructor(@Inject(REPLICA) private readonly useCases: ReplicaUseCases) {}

  @Post('positions')
  @HttpCode(200)
  positions(@Validated('body', positionsAsked) asked: z.infer<typeof positionsAsked>): Promise<AccountPosition[]> {
    return this.useCases.positions.list(asked.accountNames, asked.connectorNames)
  }

  @Post('balances')
  @HttpCode(200)
  balances(
    @Validated('body', balancesRequest) asked: z.infer<typeof balancesRequest>,
  ): Promise<z.infer<typeof balancesReply>> {
    return this.useCases.balances.read(asked)
  }
}
