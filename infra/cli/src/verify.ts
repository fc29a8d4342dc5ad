import { join } from 'node:path'
import { SEALS_FILE, sealedInLog, sealedInPostgres, verifyLog, verifySeals } from '@colibri/event-log'
import type { Pool } from 'pg'
import type { RunningLog } from './running-database.ts'

export interface Verified extends RunningLog {
  readonly pool: Pool
  /** Where the heads of the seals are kept. */
  readonly home: string
}

/** Checks the whole log and its seals; 1 when something was found. */
export const verify = async ({ pool, log, driver, home }: Verified, print: (line: string) => void): Promise<number> => {
  const anchors = join(home, SEALS_FILE)
  const stored = driver === 'postgres' ? await verifyLog(pool) : undefined
  const seals = await verifySeals(pool, driver === 'postgres' ? sealedInPostgres(pool) : sealedInLog(log), anchors)
  if (stored !== undefined) print(`${stored.events} events in ${stored.streams} streams`)
  print(`${seals.sealed} events under ${seals.seals} seals, ${seals.unsealed} stored since the last one`)
  if (seals.head !== undefined)
    print(`seal ${seals.head.number} reaches ${seals.head.position}, sha256 ${seals.head.hash}`)
  print(`${seals.anchors} heads of seals compared in ${anchors}${seals.anchors === 0 ? ': none are there' : ''}`)
  const findings = [...(stored?.findings ?? []), ...seals.findings]
  for (const finding of findings) print(`found ${JSON.stringify(finding)}`)
  print(findings.length === 0 ? 'nothing wrong' : `${findings.length} findings`)
  return findings.length === 0 ? 0 : 1
}
