import {
  accountBody,
  type accountMessage,
  accountPath,
  accountQuery,
  accountUpdate,
  credentialFields,
  credentialPath,
  type PermissionsView,
} from '@colibri/contracts'
import { badRequest, notFound, Validated } from '@colibri/service-kit'
import { Controller, Delete, Get, HttpCode, Inject, Post, Put } from '@nestjs/common'
import type { z } from 'zod'
import type { Cause } from '../orders/order-streams.ts'
import { type AccountFiles, isPathName, LONGEST_NAME, MASTER_ACCOUNT } from './account-files.ts'
import type { CredentialStore } from './credentials.ts'
import { warningsOf } from './key-warnings.ts'

export const ACCOUNTS = Symbol('accounts')

export interface Accounts {
  readonly files: AccountFiles
  readonly credentials: CredentialStore
  cause(): Required<Cause>
}

type Message = z.infer<typeof accountMessage>

const validName = (name: string, what: 'account' | 'connector' = 'account'): void => {
  if (isPathName(name)) return
  if (name.length > LONGEST_NAME)
    throw badRequest(`Invalid ${what} name: it is longer than ${LONGEST_NAME} characters.`)
  throw badRequest(`Invalid ${what} name: '${name}'. Only letters, numbers, underscores and hyphens are allowed.`)
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Connector → its fields, from either form of the older update. */
const updatesOf = (body: z.infer<typeof accountUpdate>): [string, Readonly<Record<string, unknown>>][] => {
  const { connector_name: connector, credentials } = body
  const given = typeof connector === 'string' ? [[connector, credentials] as const] : Object.entries(body)
  return given.map(([name, fields]) => {
    if (!isFields(fields)) throw badRequest(`The credentials of '${name}' must be an object of field names and values`)
    return [name, fields]
  })
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

  @Get(':account_name/credentials/:connector_name/permissions')
  async permissions(@Validated('path', credentialPath) path: z.infer<typeof credentialPath>): Promise<PermissionsView> {
    const { account_name: name, connector_name: connector } = path
    validName(name)
    validName(connector, 'connector')
    const found = await this.accounts.credentials.permissions(name, connector)
    if (found === undefined) throw notFound(`No credentials for '${connector}' in account '${name}'`)
    const { trade, withdraw, ipRestricted, reason } = found
    return {
      account_name: name,
      connector_name: connector,
      trade,
      withdraw,
      ip_restricted: ipRestricted,
      reason,
      warnings: warningsOf(found),
    }
  }

  @Post('add-account')
  @HttpCode(201)
  add(@Validated('query', accountQuery) query: z.infer<typeof accountQuery>): Promise<Message> {
    return this.create(query.account_name)
  }

  @Post()
  @HttpCode(201)
  addByBody(@Validated('body', accountBody) body: z.infer<typeof accountBody>): Promise<Message> {
    return this.create(body.account_name)
  }

  @Post('delete-account')
  @HttpCode(200)
  remove(@Validated('query', accountQuery) query: z.infer<typeof accountQuery>): Promise<Message> {
    return this.delete(query.account_name)
  }

  @Delete(':account_name')
  removeByPath(@Validated('path', accountPath) path: z.infer<typeof accountPath>): Promise<Message> {
    return this.delete(path.account_name)
  }

  @Post('add-credential/:account_name/:connector_name')
  @HttpCode(201)
  addCredential(
    @Validated('path', credentialPath) path: z.infer<typeof credentialPath>,
    @Validated('body', credentialFields) fields: z.infer<typeof credentialFields>,
  ): Promise<Message> {
    return this.keep(path.account_name, path.connector_name, fields)
  }

  @Put(':account_name')
  @HttpCode(200)
  async update(
    @Validated('path', accountPath) path: z.infer<typeof accountPath>,
    @Validated('body', accountUpdate) body: z.infer<typeof accountUpdate>,
  ): Promise<Message> {
    const messages: Message[] = []
    for (const [connector, fields] of updatesOf(body))
      messages.push(await this.keep(path.account_name, connector, fields))
    const [first] = messages
    const warnings = messages.flatMap((message) => message.warnings ?? [])
    if (first !== undefined) return { message: first.message, ...(warnings.length === 0 ? {} : { warnings }) }
    throw badRequest("Nothing to update: give 'connector_name' and 'credentials'")
  }

  @Post('delete-credential/:account_name/:connector_name')
  @HttpCode(200)
  async deleteCredential(@Validated('path', credentialPath) path: z.infer<typeof credentialPath>): Promise<Message> {
    const { account_name: name, connector_name: connector } = path
    validName(name)
    validName(connector, 'connector')
    await this.accounts.credentials.remove(name, connector, this.accounts.cause())
    return { message: 'Credential deleted successfully.' }
  }

  private async create(name: string): Promise<Message> {
    validName(name)
    const made = await this.accounts.credentials.addAccount(name, this.accounts.cause())
    if (made === 'exists') throw badRequest('Account already exists.')
    return { message: 'Account added successfully.' }
  }

  private async delete(name: string): Promise<Message> {
    validName(name)
    if (name === MASTER_ACCOUNT) throw badRequest('Cannot delete master account.')
    const removed = await this.accounts.credentials.removeAccount(name, this.accounts.cause())
    if (removed === 'unknown') throw notFound(`Folder '${name}' not found in 'credentials'`)
    return { message: 'Account deleted successfully.' }
  }

  private async keep(name: string, connector: string, fields: Readonly<Record<string, unknown>>): Promise<Message> {
    validName(name)
    validName(connector, 'connector')
    const added = await this.accounts.credentials.add(name, connector, fields, this.accounts.cause())
    if (added.kind === 'refused') throw badRequest(added.detail)
    const warnings = warningsOf(added.permissions)
    return { message: 'Connector credentials added successfully.', ...(warnings.length === 0 ? {} : { warnings }) }
  }
}
