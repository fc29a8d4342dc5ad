import { openPostgresLog, rebuildProjection, tableDigests } from '@colibri/event-log'
import { projections as portfolio } from '@colibri/portfolio'
import { projections as trading } from '@colibri/trading'
import pg from 'pg'

const readModels = [
  ...trading.map((projection) => ({ projection, schema: 'trading' })),
  ...portfolio.map((projection) => ({ projection, schema: 'portfolio' })),
]

export interface RebuiltModels {
  readonly tables: number
  readonly rows: number
  readonly events: number
}

/** Builds every read model again from the first event, while nothing is written. Throws when a table is not what it was. */
export const rebuiltReadModelsAreEqual = async (databaseUrl: string): Promise<RebuiltModels> => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  const log = await openPostgresLog({ pool })
  try {
    let [tables, rows, applied] = [0, 0, 0]
    for (const { projection, schema } of readModels) {
      const before = await tableDigests(pool, projection, schema)
      const { events } = await rebuildProjection(log, pool, projection, { schema })
      const after = await tableDigests(pool, projection, schema)
      applied += events
      for (const was of before) {
        const is = after.find(({ table }) => table === was.table)
        if (is?.sha256 !== was.sha256)
          throw new Error(`${schema}.${was.table} differs after a rebuild: ${was.rows} rows, then ${is?.rows ?? 0}`)
        tables++
        rows += was.rows
      }
    }
    return { tables, rows, events: applied }
  } finally {
    await log.close()
    await pool.end()
  }
}
