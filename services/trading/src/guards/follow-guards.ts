import { guardsStream } from '@colibri/contracts'
import { categoryOf, type EventLog } from '@colibri/event-log'
import type { TradingGuards } from './guards.ts'

/** Takes in what any process stores of the guards, and tells of it, until the signal aborts. */
export const followGuards = async (
  log: EventLog,
  guards: TradingGuards,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> => {
  const end = await log.end()
  await guards.refresh()
  await log.subscribe(
    end,
    { categories: [categoryOf(guardsStream)] },
    async ({ events }) => {
      if (events.length === 0) return
      await guards.refresh()
      changed()
    },
    signal,
  )
}
