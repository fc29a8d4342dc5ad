import { rpcError } from '@colibri/contracts'
import type { Msg, NatsConnection } from '@nats-io/nats-core'
import { ServerNats } from '@nestjs/microservices'
import { contextOf, runInContext } from './context.ts'
import type { MeasureRpc } from './metrics.ts'
import { within } from './wait-for.ts'

export interface RpcServerOptions {
  readonly service: string
  readonly connection: NatsConnection
  readonly measure: MeasureRpc
}

interface Packet {
  readonly response?: unknown
  readonly err?: unknown
}

/**
 * Nest's NATS transport on the connection the service already has. The wire carries plain JSON, the request as it is and
 * the reply or `{error: {kind, message}}`, so that any NATS client can call.
 */
export class RpcServer extends ServerNats {
  readonly #options: RpcServerOptions
  readonly #pending = new Set<Promise<unknown>>()
  readonly #subscriptions: { unsubscribe(): void }[] = []

  constructor(options: RpcServerOptions) {
    super({
      queue: options.service,
      deserializer: {
        deserialize: (message: Msg) => ({ pattern: message.subject, data: message.json(), id: message.reply }),
      },
      serializer: {
        serialize: ({ response, err }: Packet) => ({
          data: JSON.stringify(err === undefined ? (response ?? null) : internalError),
        }),
      },
    })
    this.#options = options
  }

  override createNatsClient(): Promise<unknown> {
    const { connection } = this.#options
    return Promise.resolve({
      subscribe: (...parameters: Parameters<NatsConnection['subscribe']>) => {
        const subscription = connection.subscribe(...parameters)
        this.#subscriptions.push(subscription)
        return subscription
      },
    })
  }

  /** The service watches its one connection itself. */
  override async handleStatusUpdates(): Promise<void> {}

  override handleMessage(channel: string, message: Msg): Promise<unknown> {
    const finish = this.#options.measure('server', channel)
    if (!isJson(message)) {
      finish('invalid')
      message.respond(JSON.stringify({ error: { kind: 'invalid', message: 'the request is not JSON' } }))
      return Promise.resolve()
    }
    const context = contextOf((name) => message.headers?.get(name) || undefined, 'service:unknown')
    const respond = message.respond.bind(message)
    message.respond = (data, options) => {
      finish(outcomeOf(data))
      return respond(data, options)
    }
    const handled = runInContext(context, () => super.handleMessage(channel, message))
    this.#pending.add(handled)
    return handled.finally(() => this.#pending.delete(handled))
  }

  /** Takes no more calls and resolves when the running ones are answered, at the latest after `ms`. Returns how many were left. */
  async drain(ms: number): Promise<number> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    const answered = Promise.allSettled(this.#pending)
    await within('running calls', ms, answered).catch(() => undefined)
    return this.#pending.size
  }

  /** The connection is the service's, it closes it. */
  override async close(): Promise<void> {}
}

const isJson = (message: Msg): boolean => {
  try {
    message.json()
    return true
  } catch {
    return false
  }
}

const internalError = { error: { kind: 'internal', message: 'Internal Server Error' } } as const

const outcomeOf = (data: unknown): string => {
  if (typeof data !== 'string' || !data.startsWith('{"error"')) return 'ok'
  const parsed = rpcError.safeParse(JSON.parse(data))
  return parsed.success ? parsed.data.error.kind : 'ok'
}
