import { rpcError, rpcSubject, type ServiceName } from '@colibri/contracts'
import { headers, NoRespondersError, RequestError, TimeoutError } from '@nats-io/nats-core'
import type { z } from 'zod'
import { RpcError } from './api-error.ts'
import { headerNames, requestContext } from './context.ts'
import type { Messaging } from './messaging.ts'
import type { MeasureRpc } from './metrics.ts'

export type Call = <Reply>(
  service: ServiceName,
  operation: string,
  request: unknown,
  replySchema: z.ZodType<Reply>,
  timeoutMs?: number,
) => Promise<Reply>

export interface RpcClientOptions {
  readonly service: ServiceName
  readonly messaging: Messaging
  readonly measure: MeasureRpc
}

const defaultTimeoutMs = 5_000

/**
 * Asks another service over NATS. Throws `RpcError`: `unavailable` at once when nobody listens or NATS is gone and after
 * the timeout when no answer came, `internal` when the reply is not what the schema says, else what the service replied.
 */
export const createCall =
  ({ service: caller, messaging, measure }: RpcClientOptions): Call =>
  async (service, operation, request, replySchema, timeoutMs = defaultTimeoutMs) => {
    const subject = rpcSubject(service, operation)
    const finish = measure('client', subject)
    const fail = (kind: RpcError['kind'], message: string, cause?: unknown): RpcError => {
      finish(kind)
      return new RpcError(kind, message, service, operation, cause === undefined ? {} : { cause })
    }
    if (!messaging.connected()) throw fail('unavailable', `${service} cannot be reached: messaging is down`)
    const reply = await messaging.connection
      .request(subject, JSON.stringify(request ?? null), { timeout: timeoutMs, headers: contextHeaders(caller) })
      .catch((error: unknown) => {
        throw fail('unavailable', reasonOf(service, error, timeoutMs), error)
      })
    const body = readReply(reply.string())
    if (body === undefined) throw fail('internal', `${service} answered ${operation} with something that is not JSON`)
    const refused = rpcError.safeParse(body.value)
    if (refused.success) throw fail(refused.data.error.kind, refused.data.error.message)
    const parsed = replySchema.safeParse(body.value)
    if (!parsed.success)
      throw fail('internal', `${service} answered ${operation} with an unexpected reply`, parsed.error)
    finish('ok')
    return parsed.data
  }

const contextHeaders = (caller: ServiceName) => {
  const sent = headers()
  const context = requestContext()
  sent.set(headerNames.actor, context?.actor ?? `service:${caller}`)
  if (context) {
    sent.set(headerNames.requestId, context.requestId)
    sent.set(headerNames.correlationId, context.correlationId)
    if (context.address !== undefined) sent.set(headerNames.address, context.address)
  }
  return sent
}

const readReply = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const reasonOf = (service: string, error: unknown, timeoutMs: number): string => {
  const cause = error instanceof RequestError ? error.cause : error
  if (cause instanceof NoRespondersError) return `${service} is not running`
  if (cause instanceof TimeoutError) return `${service} did not answer within ${timeoutMs} ms`
  return `${service} cannot be reached`
}
