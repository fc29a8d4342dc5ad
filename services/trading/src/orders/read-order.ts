import { orderStream } from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import { type Order, orderDecider, orderEventOf, type PlacedOrder } from './order.ts'

/** An order as the log has it, whichever process writes it; undefined when there is none. */
export const readOrder =
  (log: EventLog) =>
  async (clientOrderId: string): Promise<PlacedOrder | undefined> => {
    const events = await log.read(orderStream(clientOrderId))
    const order = events.reduce(
      (before: Order, event) => orderDecider.evolve(before, orderEventOf(event)),
      orderDecider.initialState,
    )
    return order.kind === 'placed' ? order : undefined
  }
