import { guardsStream, type OrderWhy, orderStream, type WhyStep } from '@colibri/contracts'
import type { EventLog, RecordedEvent } from '@colibri/event-log'
import { type Order, orderDecider, orderEventOf, statusOf } from './order.ts'
import { eventInWords, intentInWords, marketInWords } from './order-words.ts'

/** Undefined for an order that was never placed. */
export const whyOrder = async (log: EventLog, clientOrderId: string): Promise<OrderWhy | undefined> => {
  const events = await log.read(orderStream(clientOrderId))
  const own = new Set(events.map(({ id }) => id))
  const outside = events.filter(({ metadata }) => !own.has(metadata.causationId))
  // An order may follow from a halt: from an event of the guards, then, and not from a request.
  const guards = outside.some(({ metadata }) => metadata.actor === 'guard') ? await log.read(guardsStream) : []
  return explain(clientOrderId, events, guards)
}

/** Walks an order's events, newest first, from each to what caused it, down to the request that began it. */
export const explain = (
  clientOrderId: string,
  events: readonly RecordedEvent[],
  guards: readonly RecordedEvent[],
): OrderWhy | undefined => {
  const [first] = events
  const submitted = first === undefined ? undefined : orderEventOf(first)
  if (first === undefined || submitted?.type !== 'OrderSubmitted') return undefined
  const order = events.reduce(
    (state: Order, event) => orderDecider.evolve(state, orderEventOf(event)),
    orderDecider.initialState,
  )
  if (order.kind === 'none') return undefined

  const known = new Map([...guards, ...events].map((event) => [event.id, event]))
  const causes = ancestors(events, known)
  const origin = causes.at(-1) ?? first
  const fills = events.flatMap((event) => {
    const fill = orderEventOf(event)
    if (fill.type !== 'OrderFilled') return []
    return [{ trade_id: fill.data.tradeId, event_id: event.id, amount: fill.data.amount, price: fill.data.price }]
  })
  const { metadata } = origin
  const from = metadata.address === undefined ? '' : ` from ${metadata.address}`
  const asked = new Date(metadata.time).toISOString()
  return {
    order_id: clientOrderId,
    summary: `${metadata.actor}${from} caused it at ${asked}: ${intentInWords(order.intent)}. It is ${statusOf(order)}, ${order.filledAmount} of ${order.intent.amount} filled in ${fills.length} fill${fills.length === 1 ? '' : 's'}`,
    request: {
      request_id: metadata.causationId,
      correlation_id: metadata.correlationId,
      actor: metadata.actor,
      address: metadata.address ?? null,
      time: metadata.time,
    },
    market: order.intent.market ?? null,
    market_in_words: marketInWords(order.intent.market),
    fills,
    steps: [...[...events].reverse(), ...causes].map((event) => stepOf(event, known)),
  }
}

/** What the first event follows from outside the order's own stream, nearest first. */
const ancestors = (
  events: readonly RecordedEvent[],
  known: ReadonlyMap<string, RecordedEvent>,
): readonly RecordedEvent[] => {
  const seen = new Set(events.map(({ id }) => id))
  const found: RecordedEvent[] = []
  let event = events[0]
  while (event !== undefined) {
    event = known.get(event.metadata.causationId)
    if (event === undefined || seen.has(event.id)) break
    seen.add(event.id)
    found.push(event)
  }
  return found
}

const isOrderEvent = (event: RecordedEvent): boolean => event.streamId.startsWith('order-')

const stepOf = (event: RecordedEvent, known: ReadonlyMap<string, RecordedEvent>): WhyStep => {
  const { actor, address, causationId, correlationId, time } = event.metadata
  const cause = known.get(causationId)
  return {
    event_id: event.id,
    type: event.type,
    stream_id: event.streamId,
    version: event.version,
    time,
    actor,
    what: isOrderEvent(event) ? eventInWords(orderEventOf(event)) : guardInWords(event),
    caused_by:
      cause === undefined || cause.id === event.id
        ? {
            kind: 'request',
            request_id: causationId,
            correlation_id: correlationId,
            actor,
            address: address ?? null,
          }
        : { kind: 'event', event_id: cause.id, type: cause.type },
    data: { ...event.data },
  }
}

const guardInWords = ({ type, data }: RecordedEvent): string =>
  'reason' in data ? `${type} by the guards: ${String(data.reason)}` : `${type} by the guards`
