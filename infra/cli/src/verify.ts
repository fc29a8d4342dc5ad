import { verifyLog } from '@colibri/event-log'
import type { Pool } from 'pg'

/** Checks the whole log; 1 when something was found. */
export const verify = async (pool: Pool, print: (line: string) => void): Promise<number> => {
  const { events, streams, findings } = await verifyLog(pool)
  print(`${events} events in ${streams} streams`)
  for (const finding of findings) print(`found ${JSON.stringify(finding)}`)
  print(findings.length === 0 ? 'nothing wrong' : `${findings.length} findings`)
  return findings.length === 0 ? 0 : 1
}
