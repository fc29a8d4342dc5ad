import { projections as backtesting } from '@colibri/backtesting'
import { type EventLog, rebuildProjection, type TableDigest, tableDigests } from '@colibri/event-log'
import { projections as portfolio } from '@colibri/portfolio'
import { projections as trading } from '@colibri/trading'
import type { Pool } from 'pg'

/** Every read model of the system and the Postgres schema it lives in. */
const readModels = [
  ...trading.map((projection) => ({ projection, schema: 'trading' })),
  ...portfolio.map((projection) => ({ projection, schema: 'portfolio' })),
  ...backtesting.map((projection) => ({ projection, schema: 'backtesting' })),
]

/** Builds a read model again from the first event and says table by table whether it is what it was. */
export const rebuild = async (
  log: EventLog,
  pool: Pool,
  name: string | undefined,
  print: (line: string) => void,
): Promise<number> => {
  const found = readModels.find(({ projection }) => projection.name === name)
  if (!found) {
    const names = readModels.map(({ projection }) => projection.name).join(', ')
    print(
      name === undefined ? `Which projection? One of: ${names}` : `There is no projection ${name}; there are: ${names}`,
    )
    return 1
  }
  const { projection, schema } = found
  const before = await tableDigests(pool, projection, schema)
  const begin = performance.now()
  const { events, tables } = await rebuildProjection(log, pool, projection, { schema })
  const seconds = (performance.now() - begin) / 1000
  print(`${events} events applied in ${seconds.toFixed(2)} s, ${Math.round(events / seconds)} events/s`)
  const after = await tableDigests(pool, projection, schema)
  for (const table of tables) print(compare(table, digestOf(before, table), digestOf(after, table)))
  return 0
}

const digestOf = (digests: readonly TableDigest[], table: string): TableDigest | undefined =>
  digests.find((one) => one.table === table)

const compare = (table: string, before: TableDigest | undefined, after: TableDigest | undefined): string => {
  if (before === undefined) return `${table}: new, ${after?.rows ?? 0} rows`
  return before.sha256 === after?.sha256
    ? `${table}: identical, ${after.rows} rows, sha256 ${after.sha256}`
    : `${table}: DIFFERENT, ${before.rows} rows before, ${after?.rows ?? 0} after`
}
