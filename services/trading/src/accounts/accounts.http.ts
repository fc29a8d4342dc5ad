import { accountPath, accountQuery } from '@colibri/contracts'
import { badRequest, notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import type { z } from 'zod'
import { type AccountFiles, isPathName, MASTER_ACCOUNT } from './account-files.ts'
import type { AccountVenues } from './account-venues.ts'

export const ACCOUNTS = Symbol('accounts')

export interface Accounts {
  readonly files: AccountFiles
  readonly venues: AccountVenues
}

const validName = (name: string): void => {
  if (isPathName(name)) return
  throw badRequest(`Invalid account name: '${name}'. Only letters, numbers, underscores and hyphens are allowed.`)
}

@Controller('accounts')
export class AccountsController {
  constructor(@Inject(ACCOUNTS) private readonly accounts: Accounts) {}

  @Get()
  list(): Promise<string[]> {
    return this.accounts.files.accounts()
  }

  @Get(':account_name/credentials')
  async credentials(@Validated('path', accountPath) path: z.infer<typeof accountPath>): Promise<string[]> {
    const { account_name: name } = path
    validName(name)
    if (!(await this.accounts.files.exists(name))) {
      throw notFound(`Directory 'credentials/${name}/connectors' not found`)
    }
    return this.accounts.files.connectors(name)
  }

  @Post('add-account')
  @HttpCode(201)
  async add(@Validated('query', accountQuery) query: z.infer<typeof accountQuery>): Promise<{ message: string }> {
    const { account_name: name } = query
    validName(name)
    if (await this.accounts.files.exists(name)) throw badRequest('Account already exists.')
    await this.accounts.files.create(name)
    return { message: 'Account added successfully.' }
  }

  @Post('delete-account')
  @HttpCode(200)
  async remove(@Validated('query', accountQuery) query: z.infer<typeof accountQuery>): Promise<{ message: string }> {
    const { account_name: name } = query
    validName(name)
    if (name === MASTER_ACCOUNT) throw badRequest('Cannot delete master account.')
    if (!(await this.accounts.files.exists(name))) throw notFound(`Folder '${name}' not found in 'credentials'`)
    await this.accounts.files.remove(name)
    await this.accounts.venues.release(name)
    return { message: 'Account deleted successfully.' }
  }
}
