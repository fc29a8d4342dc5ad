import { orderEvents, orderStream } from '@colibri/contracts'
import { categoryOf, type EventLog, type RecordedEvent } from '@colibri/event-log'
import type { z } from 'zod'

type Intent = z.infer<typeof orderEvents.OrderSubmitted>

const ORDERS_KEPT = 1_000

/**
 * The body of an event: what its copy on NATS says, without the address the request came from, and for an order's event
 * the order, so that a fill says by itself of which account and pair it is.
 */
export const bodies = (log: EventLog): ((event: RecordedEvent) => Promise<string>) => {
  const intents = new Map<string, Intent>()

  const intentOf = async (streamId: string): Promise<Intent | undefined> => {
    const known = intents.get(streamId)
    if (known !== undefined) return known
    const [first] = await log.read(streamId)
    const intent = orderEvents.OrderSubmitted.safeParse(first?.data).data
    if (intent === undefined) return undefined
    intents.set(streamId, intent)
    if (intents.size > ORDERS_KEPT) for (const oldest of [...intents.keys()].slice(0, 1)) intents.delete(oldest)
    return intent
  }

  return async (event) => {
    const { id, type, streamId, version, position, schemaVersion, data, recordedAt } = event
    const { correlationId, causationId, actor, time } = event.metadata
    const metadata = { correlationId, causationId, actor, time }
    const order = categoryOf(streamId) === categoryOf(orderStream('')) ? await intentOf(streamId) : undefined
    return JSON.stringify({
      id,
      type,
      streamId,
      version,
      position,
      schemaVersion,
      data,
      metadata,
      recordedAt,
      ...(order === undefined ? {} : { order }),
    })
  }
}
