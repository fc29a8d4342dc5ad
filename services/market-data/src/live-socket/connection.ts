import type { Command, Subscription } from './command.ts'
import {
  dataMessage,
  endedMessage,
  errorMessage,
  pongMessage,
  subscribedMessage,
  unsubscribedMessage,
} from './message.ts'
import type { LiveSocketMetrics } from './metrics.ts'
import type { Outlet } from './outlet.ts'
import type { Cursor } from './source.ts'
import type { Lease, Sources } from './sources.ts'

export interface ConnectionDeps {
  readonly outlet: Outlet
  readonly sources: Sources
  readonly metrics: LiveSocketMetrics
  /** What a client is told of a feed that could not be opened. */
  readonly explain: (error: unknown) => string
  readonly background: (name: string, promise: Promise<unknown>) => void
}

/** What one client has asked for. */
export interface Connection {
  receive(command: Command): void
  close(): void
}

interface Running {
  readonly lease: Lease
  stop(): void
}

/** Subscriptions and unanswered requests of one connection together. */
const MOST_AT_ONCE = 500

export const createConnection = ({ outlet, sources, metrics, explain, background }: ConnectionDeps): Connection => {
  const running = new Map<string, Running>()
  /** Requests about one subscription are answered in their order; those about others do not wait for them. */
  const waiting = new Map<string, Promise<void>>()
  let unanswered = 0
  let closed = false

  const push = (id: string, { type }: Subscription, cursor: Cursor): (() => void) => {
    let { resumed } = cursor
    return () => {
      if (outlet.congestedSince() !== undefined) {
        metrics.heldBack(type)
        return
      }
      const taken = cursor.take()
      if (taken === undefined) return
      outlet.say(dataMessage(id, taken.push, taken.hole ? false : resumed))
      resumed = undefined
      metrics.sent(taken.push.type)
      if (taken.push.dropped > 0) metrics.dropped(taken.push.dropped)
    }
  }

  const run = (subscription: Subscription, lease: Lease): void => {
    const { id, type, updateMs } = subscription
    running.get(id)?.stop()
    const timer = setInterval(push(id, subscription, lease.cursor), updateMs)
    const own: Running = {
      lease,
      stop: () => {
        clearInterval(timer)
        lease.release()
        running.delete(id)
        metrics.unsubscribed(type)
      },
    }
    running.set(id, own)
    metrics.subscribed(type)
    const watch = async (): Promise<void> => {
      const reason = await lease.ended
      if (reason === undefined || running.get(id) !== own) return
      own.stop()
      outlet.say(endedMessage(id, explain(reason)))
    }
    background('live subscription', watch())
  }

  const subscribe = async (subscription: Subscription): Promise<void> => {
    const opened = await sources.open(subscription).catch((error: unknown) => explain(error))
    if (closed) {
      if (typeof opened !== 'string') opened.release()
      return
    }
    if (typeof opened === 'string') {
      outlet.say(errorMessage(opened))
      return
    }
    outlet.say(subscribedMessage(subscription.id, opened.cursor.resumed))
    run(subscription, opened)
  }

  const unsubscribe = (id: string): void => {
    const active = running.get(id)
    active?.stop()
    outlet.say(active === undefined ? errorMessage(`Subscription not found: ${id}`) : unsubscribedMessage(id))
  }

  const inTurn = (id: string, work: () => Promise<void>): void => {
    unanswered++
    const turn = (waiting.get(id) ?? Promise.resolve()).then(work).finally(() => {
      unanswered--
      if (waiting.get(id) === turn) waiting.delete(id)
    })
    waiting.set(id, turn)
    background('live subscription', turn)
  }

  return {
    receive: (command) => {
      // Said before the client heard that it is closed.
      if (closed) return
      switch (command.kind) {
        case 'ping':
          outlet.say(pongMessage())
          return
        case 'refused':
          outlet.say(errorMessage(command.message))
          return
        case 'subscribe': {
          const { subscription } = command
          if (running.size + unanswered >= MOST_AT_ONCE && !running.has(subscription.id))
            outlet.say(errorMessage(`Too many subscriptions: at most ${MOST_AT_ONCE} for one connection`))
          else inTurn(subscription.id, () => subscribe(subscription))
          return
        }
        case 'unsubscribe': {
          const { id } = command
          if (!waiting.has(id)) unsubscribe(id)
          else if (unanswered >= MOST_AT_ONCE)
            outlet.say(errorMessage(`Too many requests at once: at most ${MOST_AT_ONCE}`))
          else inTurn(id, async () => unsubscribe(id))
        }
      }
    },
    close: () => {
      closed = true
      for (const { stop } of [...running.values()]) stop()
    },
  }
}
