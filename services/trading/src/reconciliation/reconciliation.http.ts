import {
  type DriftsPage,
  type DriftsRequest,
  driftsRequest,
  type ReconcileRequest,
  type ReconcileResponse,
  reconcileRequest,
} from '@colibri/contracts'
import { badRequest, notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import type { Reconciled } from './reconcile-venue.ts'

export const RECONCILIATION = Symbol('reconciliation')

export interface Reconciliation {
  drifts(request: DriftsRequest): Promise<DriftsPage>
  accountExists(accountName: string): Promise<boolean>
  /** Connectors the account has credentials for. */
  connectors(accountName: string): Promise<readonly string[]>
  reconcile(accountName: string, connectorName: string): Promise<Reconciled>
}

type Result = ReconcileResponse['results'][number]

const resultOf = (accountName: string, connectorName: string, of: Reconciled): Result => ({
  account_name: accountName,
  connector_name: connectorName,
  outcome: of.outcome,
  reason: of.reason,
  drifts: of.drifts.map(({ kind, subject, tradingPair, ours, venue, difference, repair }) => ({
    account_name: accountName,
    connector_name: connectorName,
    kind,
    subject,
    trading_pair: tradingPair,
    ours,
    venue,
    difference,
    repair,
  })),
  undecided: of.undecided.map(({ kind, subject, tradingPair, ours, venue }) => ({
    kind,
    subject,
    trading_pair: tradingPair,
    ours,
    venue,
  })),
})

@Controller('trading')
export class ReconciliationController {
  constructor(@Inject(RECONCILIATION) private readonly reconciliation: Reconciliation) {}

  @Get('drifts')
  drifts(@Validated('query', driftsRequest) query: DriftsRequest): Promise<DriftsPage> {
    return this.reconciliation.drifts(query)
  }

  @Post('reconcile')
  @HttpCode(200)
  async reconcile(@Validated('body', reconcileRequest) body: ReconcileRequest): Promise<ReconcileResponse> {
    const { account_name: account, connector_name: connector } = body
    if (!(await this.reconciliation.accountExists(account))) throw notFound(`Account '${account}' not found`)
    const known = await this.reconciliation.connectors(account)
    if (connector !== null && !known.includes(connector)) {
      throw badRequest(`Account '${account}' has no credentials for connector '${connector}'`)
    }
    const results = await Promise.all(
      (connector === null ? known : [connector]).map(async (name) =>
        resultOf(account, name, await this.reconciliation.reconcile(account, name)),
      ),
    )
    return { results }
  }
}
