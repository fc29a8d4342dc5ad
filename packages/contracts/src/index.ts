export * from './events/order.ts'
export * from './instances.ts'
export * from './rpc.ts'
export * from './subjects.ts'
