import 'reflect-metadata'

export {
  ApiError,
  badRequest,
  notFound,
  RpcError,
  type RpcErrorKind,
  unavailable,
  unprocessable,
} from './api-error.ts'
export { type BaseConfig, ConfigError, readConfig, serviceConfig } from './config.ts'
export { headerNames, type RequestContext, runInContext } from './context.ts'
export type { Health } from './health.ts'
export { Internal } from './internal.ts'
export { createLogger } from './logger.ts'
export { nestsTooDeep } from './nesting.ts'
export { bodyOf } from './request-body.ts'
export type { Call } from './rpc-client.ts'
export { rpcRequest } from './rpc-request.ts'
export {
  type RunningService,
  runService,
  SERVICE_KIT,
  type ServiceDefinition,
  type ServiceKit,
  type Started,
  startService,
} from './run-service.ts'
export type { SocketEndpoint } from './sockets.ts'
export { Validated } from './validated.ts'
export { BootError } from './wait-for.ts'
export { writeWhole } from './write-whole.ts'
