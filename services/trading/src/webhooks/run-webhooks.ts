import { type Position, whileLeader } from '@colibri/event-log'
import type { Pool } from 'pg'
import { Counter, Gauge, type Registry } from 'prom-client'
import { type DeliverDeps, deliver } from './deliver.ts'
import { pause } from './pause.ts'
import type { Webhook, WebhookStore } from './webhook-store.ts'

export interface RunWebhooksDeps extends Omit<DeliverDeps, 'store' | 'onAttempt' | 'news'> {
  readonly pool: Pool
  readonly store: WebhookStore
  readonly metrics: Registry
  background(name: string, work: Promise<unknown>): void
}

export interface RunningWebhooks {
  /** Something was added, changed, paused or removed: looked at now rather than soon. */
  changed(): void
  /** Resolves when nothing is on its way any more. */
  stop(): Promise<void>
}

/** Changes that another process made are seen this often. */
const LOOK_MS = 1_000

interface Delivery {
  readonly revision: number
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** Delivers every active webhook, each at its own pace, in the one process of all that leads. */
export const runWebhooks = (deps: RunWebhooksDeps): RunningWebhooks => {
  const { store, metrics, report, now } = deps
  const stopping = new AbortController()
  let look = new AbortController()
  let webhooks: readonly Webhook[] = []

  const attempts = new Counter({
    name: 'colibri_webhook_attempts_total',
    help: 'Attempts to deliver an event to a webhook, by outcome: delivered or failed',
    labelNames: ['outcome'],
    registers: [metrics],
  })
  new Gauge({
    name: 'colibri_webhook_failing_seconds',
    help: 'For how long a webhook has taken nothing: 0 while it does; -1 while it is paused. Told by the process that delivers',
    labelNames: ['webhook'],
    registers: [metrics],
    collect() {
      this.reset()
      for (const { id, state, failingSince } of webhooks) {
        this.set({ webhook: id }, state === 'paused' ? -1 : failingSince === null ? 0 : (now() - failingSince) / 1000)
      }
    },
  })

  /** One reader of the log wakes them all, while there is one. */
  let arriving = new AbortController()
  const listen = async (from: Position, signal: AbortSignal): Promise<void> => {
    const filter = { categories: ['order', 'guard', 'drift'] }
    const told = async (): Promise<void> => {
      const before = arriving
      arriving = new AbortController()
      before.abort()
    }
    await deps.log.subscribe(from, filter, told, signal)
  }

  const lead = async (signal: AbortSignal): Promise<void> => {
    let listener: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
    const running = new Map<string, Delivery>()
    const end = async (id: string, { stop, ended }: Delivery): Promise<void> => {
      stop.abort()
      await ended
      running.delete(id)
    }
    while (!signal.aborted) {
      look = new AbortController()
      try {
        webhooks = await store.list()
        const active = webhooks.filter(({ state }) => state === 'active')
        const stale = [...running].filter(
          ([id, { revision }]) => !active.some((webhook) => webhook.id === id && webhook.revision === revision),
        )
        await Promise.all(stale.map(([id, delivery]) => end(id, delivery)))
        if (active.length > 0 && listener === undefined) {
          const stop = new AbortController()
          const listening = listen(await deps.log.end(), AbortSignal.any([signal, stop.signal]))
          const ended = listening.catch((error: unknown) => report(error, 'listening to the log for webhooks'))
          listener = { stop, ended }
        } else if (active.length === 0 && listener !== undefined) {
          listener.stop.abort()
          await listener.ended
          listener = undefined
        }
        for (const webhook of active) {
          if (running.has(webhook.id)) continue
          const stop = new AbortController()
          const delivering = deliver(
            { ...deps, onAttempt: (_, outcome) => attempts.inc({ outcome }), news: () => arriving.signal },
            webhook,
            AbortSignal.any([signal, stop.signal]),
          )
          // One that ended by itself begins again at the next look, if it is still active.
          const ended = delivering
            .catch((error: unknown) => report(error, `delivering webhook ${webhook.id}`))
            .then(() => void running.delete(webhook.id))
          running.set(webhook.id, { revision: webhook.revision, stop, ended })
        }
      } catch (error) {
        report(error, 'looking for webhooks')
      }
      await pause(LOOK_MS, signal, look.signal)
    }
    await Promise.all([...running].map(([id, delivery]) => end(id, delivery)))
    await listener?.ended
    webhooks = []
  }

  const leading = whileLeader(
    deps.pool,
    'colibri webhooks',
    { lead, onError: (error) => report(error, 'leading the webhooks') },
    stopping.signal,
  )
  deps.background('delivering webhooks', leading)

  return {
    changed: () => look.abort(),
    async stop() {
      stopping.abort()
      await leading
    },
  }
}
