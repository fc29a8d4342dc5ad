import type { OrderFill, OrderIntent } from '../orders/order.ts'
import type { OrderStreams } from '../orders/order-streams.ts'

/** The same streams; `filled` hears of every fill that was stored, once. */
export const tellFills = (
  streams: OrderStreams,
  filled: (intent: OrderIntent, fill: OrderFill) => void,
): OrderStreams => ({
  ...streams,
  async handle(clientOrderId, command, cause) {
    const handled = await streams.handle(clientOrderId, command, cause)
    if (command.kind === 'fill' && handled.appended !== undefined) filled(handled.order.intent, command.fill)
    return handled
  },
})
