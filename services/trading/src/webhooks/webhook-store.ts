import { randomUUID } from 'node:crypto'
import type { WebhookDelivery, WebhookEvents } from '@colibri/contracts'
import type { Position } from '@colibri/event-log'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { SecretBox } from '../accounts/key-file.ts'

/** What is secret about a webhook: many receivers take the URL itself as the proof of who sends. */
const sealed = z.object({ url: z.string(), secret: z.string() })
export type Sealed = Readonly<z.infer<typeof sealed>>

export interface Webhook {
  readonly id: string
  /** Goes up with every change of what is delivered and where; deliveries under an older one no longer count. */
  readonly revision: number
  readonly name: string
  readonly events: readonly WebhookEvents[]
  readonly state: 'active' | 'paused'
  readonly pausedReason: string | null
  /** Everything up to here was delivered. */
  readonly position: Position
  readonly delivered: number
  /** Failures in a row. */
  readonly attempts: number
  readonly failingSince: number | null
  readonly lastError: string | null
  readonly lastDeliveredAt: number | null
  readonly createdAt: number
  readonly createdBy: string
  /** Opened by `unseal`. */
  readonly sealed: string
}

export interface Changes {
  readonly name?: string
  readonly events?: readonly WebhookEvents[]
  readonly sealed?: Sealed
}

/** One attempt at a delivery, and what it means for the webhook. */
export interface Attempt {
  readonly eventId: string
  readonly eventType: string
  readonly attempt: number
  readonly status: number | null
  readonly error: string | null
  readonly durationMs: number
  readonly at: number
}

export const UNREADABLE = 'has an address and a secret that this CONFIG_PASSWORD cannot decrypt'

export interface WebhookStore {
  add(webhook: {
    name: string
    events: readonly WebhookEvents[]
    sealed: Sealed
    position: Position
    by: string
  }): Promise<Webhook>
  /** Oldest first. */
  list(): Promise<readonly Webhook[]>
  get(id: string): Promise<Webhook | undefined>
  change(id: string, changes: Changes, by: string): Promise<Webhook | undefined>
  pause(id: string, reason: string): Promise<Webhook | undefined>
  /** `position`: where to go on; undefined where it stopped. */
  resume(id: string, position?: Position): Promise<Webhook | undefined>
  remove(id: string): Promise<boolean>
  deliveries(id: string, limit: number): Promise<readonly WebhookDelivery[]>
  /** Throws when CONFIG_PASSWORD is not the one it was sealed with. */
  unseal(webhook: Webhook): Promise<Sealed>
  /**
   * Notes a delivery and moves on, from where the caller thinks the webhook is; false when it is elsewhere, paused or changed:
   * somebody else delivers it now.
   */
  delivered(at: Webhook, attempt: Attempt, to: Position): Promise<boolean>
  /** Moves past events that are none of the webhook's. False as above. */
  passed(at: Webhook, to: Position): Promise<boolean>
  /** Notes a failure, and pauses when told so; undefined when somebody else delivers it now. */
  failed(at: Webhook, attempt: Attempt, pausedReason: string | null): Promise<Webhook | undefined>
}

const TABLES = `
create schema if not exists trading;
create table if not exists trading.webhooks (
  id uuid primary key,
  revision integer not null default 1,
  name text not null,
  events text[] not null,
  sealed text not null,
  state text not null default 'active',
  paused_reason text,
  position text not null,
  delivered bigint not null default 0,
  attempts integer not null default 0,
  failing_since bigint,
  last_error text,
  last_delivered_at bigint,
  created_at bigint not null,
  created_by text not null,
  changed_by text not null
);
create table if not exists trading.webhook_deliveries (
  webhook_id uuid not null references trading.webhooks on delete cascade,
  number bigint generated always as identity,
  event_id uuid not null,
  event_type text not null,
  attempt integer not null,
  status integer,
  error text,
  duration_ms integer not null,
  at bigint not null,
  primary key (webhook_id, number)
);`

/** Attempts shown by webhook. */
const KEPT = 200

const number = z.coerce.number()
const row = z
  .object({
    id: z.string(),
    revision: z.number(),
    name: z.string(),
    events: z.array(z.enum(['order', 'fill', 'guard', 'drift'])),
    sealed: z.string(),
    state: z.enum(['active', 'paused']),
    paused_reason: z.string().nullable(),
    position: z.string(),
    delivered: number,
    attempts: z.number(),
    failing_since: number.nullable(),
    last_error: z.string().nullable(),
    last_delivered_at: number.nullable(),
    created_at: number,
    created_by: z.string(),
  })
  .transform(
    (stored): Webhook => ({
      id: stored.id,
      revision: stored.revision,
      name: stored.name,
      events: stored.events,
      sealed: stored.sealed,
      state: stored.state,
      pausedReason: stored.paused_reason,
      position: stored.position,
      delivered: stored.delivered,
      attempts: stored.attempts,
      failingSince: stored.failing_since,
      lastError: stored.last_error,
      lastDeliveredAt: stored.last_delivered_at,
      createdAt: stored.created_at,
      createdBy: stored.created_by,
    }),
  )
const deliveryRow = z.object({
  event_id: z.string(),
  event_type: z.string(),
  attempt: z.number(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  duration_ms: z.number(),
  at: number,
})

const isUuid = (id: string): boolean => z.uuid().safeParse(id).success

/** Only whoever knows where a webhook is may move it. */
const STANDS = `id = $1 and revision = $2 and position = $3 and state = 'active'`
/** With the attempt itself, and without the oldest ones. */
const noting = (update: string): string => `
with moved as (${update} where ${STANDS} returning *),
noted as (
  insert into trading.webhook_deliveries (webhook_id, event_id, event_type, attempt, status, error, duration_ms, at)
  select id, $4, $5, $6, $7, $8, $9, $10 from moved returning webhook_id, number
),
forgotten as (
  delete from trading.webhook_deliveries old using noted
  where old.webhook_id = noted.webhook_id and old.number <= (
    select number from trading.webhook_deliveries where webhook_id = noted.webhook_id
    order by number desc offset ${KEPT - 1} limit 1
  )
)
select * from moved`

/** Webhooks are configuration, as credentials are: rows, with what is secret in them encrypted by CONFIG_PASSWORD. */
export const openWebhookStore = async (pool: Pool, box: SecretBox, now: () => number): Promise<WebhookStore> => {
  const client = await pool.connect()
  try {
    await client.query('begin; select pg_advisory_xact_lock(hashtextextended($$colibri webhook tables$$, 0))')
    await client.query(`${TABLES}; commit`)
  } catch (error) {
    client.release(true)
    throw error
  }
  client.release()

  /** Opening one takes the processor a while: the newest are kept. */
  const opened = new Map<string, Promise<Sealed>>()
  const seal = (values: Sealed): Promise<string> => box.seal(JSON.stringify(values))

  const one = async (text: string, values: readonly unknown[]): Promise<Webhook | undefined> => {
    const { rows } = await pool.query(text, [...values])
    return rows[0] === undefined ? undefined : row.parse(rows[0])
  }
  const attemptValues = (
    at: Webhook,
    { eventId, eventType, attempt, status, error, durationMs, at: time }: Attempt,
  ) => [at.id, at.revision, at.position, eventId, eventType, attempt, status, error, durationMs, time]

  return {
    async add({ name, events, sealed: values, position, by }) {
      const added = await one(
        `insert into trading.webhooks (id, name, events, sealed, position, created_at, created_by, changed_by)
          values ($1, $2, $3, $4, $5, $6, $7, $7) returning *`,
        [randomUUID(), name, events, await seal(values), position, now(), by],
      )
      if (added === undefined) throw new Error('the webhook was not stored')
      return added
    },

    async list() {
      const { rows } = await pool.query('select * from trading.webhooks order by created_at, id')
      return rows.map((each) => row.parse(each))
    },

    get: async (id) => (isUuid(id) ? one('select * from trading.webhooks where id = $1', [id]) : undefined),

    async change(id, { name, events, sealed: values }, by) {
      if (!isUuid(id)) return undefined
      return one(
        `update trading.webhooks set revision = revision + 1, name = coalesce($2, name), events = coalesce($3, events),
          sealed = coalesce($4, sealed), changed_by = $5 where id = $1 returning *`,
        [id, name ?? null, events ?? null, values === undefined ? null : await seal(values), by],
      )
    },

    pause: async (id, reason) =>
      isUuid(id)
        ? one(
            `update trading.webhooks set revision = revision + 1, state = 'paused', paused_reason = $2
              where id = $1 returning *`,
            [id, reason],
          )
        : undefined,

    resume: async (id, position) =>
      isUuid(id)
        ? one(
            `update trading.webhooks set revision = revision + 1, state = 'active', paused_reason = null, attempts = 0,
              failing_since = null, position = coalesce($2, position) where id = $1 returning *`,
            [id, position ?? null],
          )
        : undefined,

    async remove(id) {
      if (!isUuid(id)) return false
      return (await pool.query('delete from trading.webhooks where id = $1', [id])).rowCount === 1
    },

    async deliveries(id, limit) {
      const { rows } = await pool.query(
        'select * from trading.webhook_deliveries where webhook_id = $1 order by number desc limit $2',
        [id, limit],
      )
      return rows.map((each) => {
        const delivery = deliveryRow.parse(each)
        return { ...delivery, delivered: delivery.error === null }
      })
    },

    unseal({ sealed: text }) {
      const known = opened.get(text)
      if (known !== undefined) return known
      const opening = box.open(text).then((json) => sealed.parse(JSON.parse(json)))
      opened.set(text, opening)
      opening.catch(() => opened.delete(text))
      for (const oldest of [...opened.keys()].slice(0, Math.max(0, opened.size - KEPT))) opened.delete(oldest)
      return opening
    },

    async delivered(at, attempt, to) {
      const moved = await one(
        noting(`update trading.webhooks set position = $11, delivered = delivered + 1, attempts = 0,
          failing_since = null, last_error = null, last_delivered_at = $10`),
        [...attemptValues(at, attempt), to],
      )
      return moved !== undefined
    },

    async passed({ id, revision, position }, to) {
      const text = `update trading.webhooks set position = $4 where ${STANDS} returning *`
      return (await one(text, [id, revision, position, to])) !== undefined
    },

    failed: (at, attempt, pausedReason) =>
      one(
        noting(`update trading.webhooks set attempts = attempts + 1, failing_since = coalesce(failing_since, $10),
          last_error = $8, paused_reason = $11, state = case when $11::text is null then state else 'paused' end`),
        [...attemptValues(at, attempt), pausedReason],
      ),
  }
}
