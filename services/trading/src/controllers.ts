import type { Started } from '@colibri/service-kit'
import { APP_INTERCEPTOR } from '@nestjs/core'
import { ACCOUNTS, type Accounts, AccountsController } from './accounts/accounts.http.ts'
import { ACCOUNTS_RPC, type AccountsRpc, AccountsRpcController } from './accounts/accounts.rpc.ts'
import { AUDIT, AuditController } from './audit/audit.http.ts'
import type { AuditQueries } from './audit/audit.queries.ts'
import { FUNDING, FundingController, type FundingPayments } from './funding/funding.http.ts'
import { GUARDS, GuardsController, type GuardUseCases } from './guards/guards.http.ts'
import { REPLICA, ReplicaController, type ReplicaUseCases } from './leases/replica.http.ts'
import { RouteToOwner, type RouteToOwnerDeps } from './leases/route-to-owner.ts'
import { ORDERS, type Orders, OrdersController } from './orders/orders.http.ts'
import { ORDERS_RPC, type OrdersRpc, OrdersRpcController } from './orders/orders.rpc.ts'
import { POSITIONS, PositionsController, type PositionsUseCases } from './positions/positions.http.ts'
import { RECONCILIATION, type Reconciliation, ReconciliationController } from './reconciliation/reconciliation.http.ts'
import { WEBHOOKS, WebhooksController } from './webhooks/webhooks.http.ts'
import type { WebhookUseCases } from './webhooks/webhooks.ts'

/** What the controllers stand on. */
export interface UseCases {
  readonly routing: RouteToOwnerDeps
  readonly replica: ReplicaUseCases
  readonly orders: Orders
  readonly ordersRpc: OrdersRpc
  readonly positions: PositionsUseCases
  readonly funding: FundingPayments
  readonly reconciliation: Reconciliation
  readonly guards: GuardUseCases
  readonly webhooks: WebhookUseCases
  readonly accounts: Accounts
  readonly accountsRpc: AccountsRpc
  readonly audit: AuditQueries
}

/** Everything this service answers, over HTTP and NATS. */
export const controllersOn = (useCases: UseCases): Required<Pick<Started, 'controllers' | 'providers'>> => ({
  controllers: [
    OrdersController,
    OrdersRpcController,
    PositionsController,
    FundingController,
    ReconciliationController,
    GuardsController,
    WebhooksController,
    AccountsController,
    AccountsRpcController,
    ReplicaController,
    AuditController,
  ],
  providers: [
    { provide: APP_INTERCEPTOR, useValue: new RouteToOwner(useCases.routing) },
    { provide: REPLICA, useValue: useCases.replica },
    { provide: ORDERS, useValue: useCases.orders },
    { provide: ORDERS_RPC, useValue: useCases.ordersRpc },
    { provide: POSITIONS, useValue: useCases.positions },
    { provide: AUDIT, useValue: useCases.audit },
    { provide: GUARDS, useValue: useCases.guards },
    { provide: RECONCILIATION, useValue: useCases.reconciliation },
    { provide: WEBHOOKS, useValue: useCases.webhooks },
    { provide: FUNDING, useValue: useCases.funding },
    { provide: ACCOUNTS, useValue: useCases.accounts },
    { provide: ACCOUNTS_RPC, useValue: useCases.accountsRpc },
  ],
})
