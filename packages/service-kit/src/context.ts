import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'

/** Who asked for what is being done now, and under which ids it is traced. */
export interface RequestContext {
  readonly requestId: string
  /** Shared by everything one client request set off, across services. */
  readonly correlationId: string
  /** `user:<name>` or `service:<name>`. */
  readonly actor: string
  /** Network address of the client, as the edge saw it; absent where nobody outside asked. */
  readonly address?: string
}

export const headerNames = {
  requestId: 'x-request-id',
  correlationId: 'x-correlation-id',
  actor: 'x-colibri-actor',
  address: 'x-colibri-address',
  edgeToken: 'x-colibri-edge-token',
} as const

const storage = new AsyncLocalStorage<RequestContext>()

export const runInContext = <T>(context: RequestContext, work: () => T): T => storage.run(context, work)

/** The running request's context, or undefined outside one. */
export const requestContext = (): RequestContext | undefined => storage.getStore()

const usable = (value: string | undefined): string | undefined =>
  value !== undefined && /^[\x21-\x7e]{1,200}$/.test(value) ? value : undefined

/** A context from the headers of a request; ids that are missing or unfit for a log line are made new. */
export const contextOf = (header: (name: string) => string | undefined, fallbackActor: string): RequestContext => {
  const requestId = usable(header(headerNames.requestId)) ?? randomUUID()
  const address = header(headerNames.address)
  return {
    ...(address !== undefined && isIP(address) > 0 ? { address } : {}),
    requestId,
    correlationId: usable(header(headerNames.correlationId)) ?? requestId,
    actor: usable(header(headerNames.actor)) ?? fallbackActor,
  }
}
