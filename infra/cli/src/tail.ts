import { type EventLog, START } from '@colibri/event-log'
import { eventLine } from './event-line.ts'

/** Prints events as they are stored, until the signal aborts. */
export const tail = async (
  log: EventLog,
  from: 'start' | 'end',
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> => {
  let position = START
  if (from === 'end')
    for (let atEnd = false; !atEnd; ) {
      const page = await log.readAll(position, { limit: 10_000 })
      position = page.position
      atEnd = page.atEnd
    }
  await log.subscribe(
    position,
    {},
    async ({ events }) => {
      for (const event of events) print(eventLine(event))
    },
    signal,
  )
  return 0
}
