import { accountsReply, balancesReply, balancesRequest } from '@colibri/contracts'
import { rpcRequest } from '@colibri/service-kit'
import { Controller, Inject } from '@nestjs/common'
import { MessagePattern, Payload } from '@nestjs/microservices'
import type { z } from 'zod'
import type { AccountFiles } from './account-files.ts'
import type { Balances } from './balances.ts'

export const ACCOUNTS_RPC = Symbol('accounts for other services')

export interface AccountsRpc {
  readonly files: AccountFiles
  readonly balances: Pick<Balances, 'read'>
}

@Controller()
export class AccountsRpcController {
  constructor(@Inject(ACCOUNTS_RPC) private readonly accounts: AccountsRpc) {}

  @MessagePattern('rpc.trading.balances')
  async balances(@Payload() payload: unknown): Promise<z.infer<typeof balancesReply>> {
    return this.accounts.balances.read(rpcRequest(balancesRequest, payload))
  }

  @MessagePattern('rpc.trading.accounts')
  async names(@Payload() _payload: unknown): Promise<z.infer<typeof accountsReply>> {
    return { accountNames: await this.accounts.files.accounts() }
  }
}
