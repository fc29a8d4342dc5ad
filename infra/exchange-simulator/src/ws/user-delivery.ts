import type { Exchange } from '../engine/exchange.ts'
import type { Faults } from '../faults.ts'
import type { UserMessages } from './user-data.ts'

/** Two fills held back this long are told even when no third comes. */
const patience = 500

/** Tells accounts what happened to them, with the faults armed for fills: twice, late, out of order, or not at all. */
export const deliverer = (parts: {
  readonly exchange: Exchange
  readonly faults: Faults
  readonly tell: (messages: UserMessages) => void
  readonly dropUserStreams: (account: string | undefined) => void
}): ((messages: UserMessages) => void) => {
  const { exchange, faults, tell, dropUserStreams } = parts
  const held = new Map<string, UserMessages[]>()

  const release = (account: string): void => {
    const waiting = held.get(account) ?? []
    held.delete(account)
    for (const messages of waiting) tell(messages)
  }

  return (messages) => {
    const { account, market, symbol, tradeId } = messages
    const fault = tradeId === undefined ? undefined : faults.next({ on: 'fill', market, symbol, account })
    switch (fault?.kind) {
      case 'duplicate-fill':
        tell(messages)
        tell(messages)
        return
      case 'lost-fill':
        return
      case 'late-lost-fill':
        exchange.hiddenUntil.set(tradeId ?? 0, exchange.clock.wall() + fault.delayMs)
        return
      case 'late-fill':
        exchange.hiddenUntil.set(tradeId ?? 0, exchange.clock.wall() + fault.delayMs)
        setTimeout(() => tell(messages), fault.delayMs).unref()
        return
      case 'reorder-fills':
        held.set(account, [...(held.get(account) ?? []), messages])
        setTimeout(() => release(account), fault.delayMs === 0 ? patience : fault.delayMs).unref()
        return
      case 'drop-websocket':
        dropUserStreams(account)
        return
      default:
        tell(messages)
        // A held fill follows the next one.
        if (tradeId !== undefined) release(account)
    }
  }
}
