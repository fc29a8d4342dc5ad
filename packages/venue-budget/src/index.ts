export { type NatsStore, type NatsStoreOptions, natsStore } from './nats-store.ts'
export { outgoingAddress } from './outgoing-address.ts'
export { type BudgetKit, venueBudgets } from './venue-budgets.ts'
