import { decimalText } from '@colibri/contracts'
import type { NatsConnection, Subscription } from '@nats-io/nats-core'
import { z } from 'zod'
import type { FeedKey } from './feed.ts'

/** Between replicas alone: `feeds.<session>` asks one of them, JSON in and out. */
const controlSubject = (session: string): string => `feeds.${session}`

const ASK_MS = 1_000

const names = { connectorName: z.string(), tradingPair: z.string() }
const feedKey: z.ZodType<FeedKey> = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['book', 'trades', 'ticker', 'funding']), ...names }),
  z.object({ kind: z.literal('candles'), ...names, interval: z.string() }),
])

const request = z.discriminatedUnion('op', [
  z.object({ op: z.literal('snapshot'), key: feedKey }),
  z.object({ op: z.literal('used'), key: feedKey, lastAccess: z.number() }),
  z.object({ op: z.literal('book'), key: feedKey, depth: z.int().positive() }),
  z.object({ op: z.literal('status') }),
  z.object({ op: z.literal('books'), connectorName: z.string() }),
  z.object({ op: z.literal('restart'), connectorName: z.string() }),
  z.object({ op: z.literal('forget'), key: feedKey }),
])
export type ControlRequest = z.infer<typeof request>

export const snapshotReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kept'), messages: z.array(z.unknown()) }),
  z.object({ kind: z.literal('not-owner') }),
])

const levels = z.array(z.object({ price: decimalText, amount: decimalText }))
export const bookReply = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('book'),
    sequence: z.int(),
    time: z.number(),
    updateId: z.number(),
    bids: levels,
    asks: levels,
  }),
  z.object({ kind: z.literal('not-live') }),
])

export const feedStatus = z.object({
  key: feedKey,
  state: z.enum(['connecting', 'live', 'stale']),
  owned: z.boolean(),
  holders: z.int(),
  /** Epoch milliseconds. */
  lastAccess: z.number(),
  /** Epoch milliseconds of the newest update. */
  updated: z.number().nullable(),
})
export type FeedStatus = z.infer<typeof feedStatus>

/** A book at its owner. */
export const bookStatus = z.object({
  tradingPair: z.string(),
  state: z.enum(['connecting', 'live', 'stale']),
  updated: z.number().nullable(),
  bestBid: decimalText.nullable(),
  bestAsk: decimalText.nullable(),
  bidCount: z.int(),
  askCount: z.int(),
  firstUpdateId: z.number().nullable(),
  lastUpdateId: z.number().nullable(),
  updates: z.int(),
  interruptions: z.record(z.string(), z.int()),
})
export type BookStatus = z.infer<typeof bookStatus>

export const statusReply = z.object({ feeds: z.array(feedStatus) })
export const booksReply = z.object({ books: z.array(bookStatus) })
export const restartReply = z.object({ tradingPairs: z.array(z.string()) })
export const forgetReply = z.object({ known: z.boolean() })

/** Answers what other replicas ask `session`; the reply of `handle` is JSON, `undefined` is none. */
export const answerControl = (
  nats: NatsConnection,
  session: string,
  handle: (request: ControlRequest) => Promise<object | undefined>,
  report: (error: unknown) => void,
): Subscription =>
  nats.subscribe(controlSubject(session), {
    callback: (error, message) => {
      if (error !== null) return report(error)
      const answer = async (): Promise<void> => {
        const reply = await handle(request.parse(message.json()))
        if (reply !== undefined) message.respond(JSON.stringify(reply))
      }
      answer().catch(report)
    },
  })

/** Asks one replica. Rejects when it does not answer. */
export const askReplica = async <T>(
  nats: NatsConnection,
  session: string,
  question: ControlRequest,
  reply: z.ZodType<T>,
): Promise<T> => {
  const message = await nats.request(controlSubject(session), JSON.stringify(question), { timeout: ASK_MS })
  return reply.parse(message.json())
}

export const tellReplica = (nats: NatsConnection, session: string, what: ControlRequest): void =>
  nats.publish(controlSubject(session), JSON.stringify(what))
