import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import {
  type ResumeRequest,
  type WebhookCreated,
  type WebhookDelivery,
  type WebhookEvents,
  type WebhookRequest,
  type WebhookTest,
  type WebhookView,
  webhookEventTypes,
} from '@colibri/contracts'
import { type EventLog, randomEventId } from '@colibri/event-log'
import { badRequest } from '@colibri/service-kit'
import { createPoster } from './post-event.ts'
import { isSecret, newSecret } from './signature.ts'
import { type Sealed, UNREADABLE, type Webhook, type WebhookStore } from './webhook-store.ts'
import { hostOf, refusalOfUrl, refusedAddress } from './webhook-url.ts'

export interface WebhookUseCases {
  list(): Promise<readonly WebhookView[]>
  add(request: WebhookRequest): Promise<WebhookCreated>
  /** Undefined, here and below, for an id that is none. */
  get(id: string): Promise<WebhookView | undefined>
  change(id: string, request: WebhookRequest): Promise<WebhookView | undefined>
  remove(id: string): Promise<boolean>
  rotate(id: string): Promise<WebhookCreated | undefined>
  pause(id: string): Promise<WebhookView | undefined>
  resume(id: string, from: ResumeRequest['from']): Promise<WebhookView | undefined>
  /** Sends an event of its own, past the others, once. */
  test(id: string): Promise<WebhookTest | undefined>
  deliveries(id: string, limit: number): Promise<readonly WebhookDelivery[] | undefined>
}

export interface WebhooksDeps {
  readonly store: WebhookStore
  readonly log: Pick<EventLog, 'end'>
  readonly timeoutMs: number
  isAllowed(address: string): boolean
  changed(): void
  actor(): string
  now(): number
}

/** Each of them reads the log for itself. */
const MOST = 50
const LOOKUP_MS = 2_000
const ALL = Object.keys(webhookEventTypes) as WebhookEvents[]

const viewOf = (webhook: Webhook, url: string | null): WebhookView => ({
  id: webhook.id,
  name: webhook.name,
  url,
  events: [...webhook.events],
  state: webhook.state,
  paused_reason: webhook.pausedReason,
  position: webhook.position,
  delivered: webhook.delivered,
  attempts: webhook.attempts,
  failing_since: webhook.failingSince,
  last_error: webhook.lastError,
  last_delivered_at: webhook.lastDeliveredAt,
  created_at: webhook.createdAt,
  created_by: webhook.createdBy,
})

export const webhookUseCases = (deps: WebhooksDeps): WebhookUseCases => {
  const { store, isAllowed } = deps

  const view = async (webhook: Webhook): Promise<WebhookView> =>
    viewOf(
      webhook,
      await store.unseal(webhook).then(
        ({ url }) => url,
        () => null,
      ),
    )

  /** A name that cannot be looked up just now is no mistake; it is looked up again at every connection. */
  const addressesOf = async (host: string): Promise<readonly string[]> => {
    if (isIP(host) !== 0) return []
    const late = new Promise<[]>((resolve) => setTimeout(resolve, LOOKUP_MS, []).unref())
    const found = await Promise.race([lookup(host, { all: true }).catch(() => []), late])
    return found.map(({ address }) => address)
  }

  const checkUrl = async (url: string): Promise<string> => {
    const refusal = refusalOfUrl(url, isAllowed)
    if (refusal !== undefined) throw badRequest(refusal)
    const host = hostOf(new URL(url))
    const refused = (await addressesOf(host)).find((address) => !isAllowed(address))
    if (refused !== undefined) throw badRequest(refusedAddress(refused, host))
    return url
  }

  const checkSecret = (secret: unknown): string => {
    if (isSecret(secret)) return secret
    throw badRequest("secret must be 'whsec_' and the base64 of 24 to 64 bytes; leave it out to have one made")
  }

  const opened = (webhook: Webhook): Promise<Sealed> =>
    store.unseal(webhook).catch(() => {
      throw badRequest(`Webhook '${webhook.id}' ${UNREADABLE}`)
    })

  const changed = async (webhook: Webhook | undefined): Promise<WebhookView | undefined> => {
    deps.changed()
    return webhook === undefined ? undefined : view(webhook)
  }

  return {
    list: async () => Promise.all((await store.list()).map(view)),

    async add({ url, name, events, secret }) {
      if (url === null) throw badRequest('url is missing: where to post events to')
      const sealed: Sealed = {
        url: await checkUrl(url),
        secret: secret === null ? newSecret() : checkSecret(secret),
      }
      if ((await store.list()).length >= MOST) throw badRequest(`There are ${MOST} webhooks, and no more can be added`)
      const webhook = await store.add({
        name: name ?? '',
        events: [...new Set(events ?? ALL)],
        sealed,
        position: await deps.log.end(),
        by: deps.actor(),
      })
      deps.changed()
      return { ...viewOf(webhook, sealed.url), secret: sealed.secret }
    },

    async get(id) {
      const webhook = await store.get(id)
      return webhook === undefined ? undefined : view(webhook)
    },

    async change(id, { url, name, events, secret }) {
      const before = await store.get(id)
      if (before === undefined) return undefined
      const given = {
        ...(url === null ? {} : { url: await checkUrl(url) }),
        ...(secret === null ? {} : { secret: checkSecret(secret) }),
      }
      const changes = {
        ...(name === null ? {} : { name }),
        ...(events === null ? {} : { events: [...new Set(events)] }),
        ...(url === null && secret === null ? {} : { sealed: { ...(await opened(before)), ...given } }),
      }
      return changed(await store.change(id, changes, deps.actor()))
    },

    async remove(id) {
      const removed = await store.remove(id)
      deps.changed()
      return removed
    },

    async rotate(id) {
      const before = await store.get(id)
      if (before === undefined) return undefined
      const sealed = { ...(await opened(before)), secret: newSecret() }
      const view = await changed(await store.change(id, { sealed }, deps.actor()))
      return view === undefined ? undefined : { ...view, secret: sealed.secret }
    },

    pause: async (id) => changed(await store.pause(id, `paused by ${deps.actor()}`)),

    resume: async (id, from) => changed(await store.resume(id, from === 'now' ? await deps.log.end() : undefined)),

    async test(id) {
      const webhook = await store.get(id)
      if (webhook === undefined) return undefined
      const { url, secret } = await opened(webhook)
      const poster = createPoster({ url, secret, timeoutMs: deps.timeoutMs, isAllowed })
      const event = { id: randomEventId(), type: 'WebhookTest', data: { webhookId: id }, recordedAt: deps.now() }
      try {
        const message = { id: event.id, type: event.type, body: JSON.stringify(event), attempt: 1 }
        const posted = await poster.post(message, new AbortController().signal)
        return {
          event_id: event.id,
          delivered: posted.kind === 'delivered',
          status: posted.kind === 'delivered' || posted.kind === 'refused' ? posted.status : null,
          error: posted.kind === 'refused' || posted.kind === 'failed' ? posted.error : null,
          duration_ms: posted.durationMs,
        }
      } finally {
        poster.close()
      }
    },

    async deliveries(id, limit) {
      const webhook = await store.get(id)
      return webhook === undefined ? undefined : store.deliveries(id, limit)
    },
  }
}
