import { orderStream } from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import { eventLine } from './event-line.ts'

/** Prints the history of one aggregate; 1 when there is none. */
export const showStream = async (
  log: EventLog,
  id: string | undefined,
  print: (line: string) => void,
): Promise<number> => {
  if (id === undefined) {
    print('Which stream? npm run log -- stream <id>')
    return 1
  }
  const named = await log.read(id)
  const events = named.length > 0 ? named : await log.read(orderStream(id))
  if (events.length === 0) {
    print(`The log has no stream ${id} and no order ${id}.`)
    return 1
  }
  for (const event of events) print(eventLine(event))
  return 0
}
