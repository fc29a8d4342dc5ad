import type { Candles } from '@colibri/strategy'
import type { Pool } from 'pg'
import { packed, unpacked, uploadId } from './uploaded-candles.ts'

/** Candles that came with a task, kept while there is a task that needs them. */
export interface Uploads {
  /** Its id: the hash of what it holds. */
  save(candles: Candles): Promise<string>
  /** Undefined when it is no longer there. */
  read(id: string): Promise<Candles | undefined>
  /** Lets go what none of these needs and nobody saved lately. */
  keepOnly(ids: readonly string[]): Promise<void>
}

const SAVE = `insert into backtesting.uploads (id, bytes) values ($1, $2)
on conflict (id) do update set saved_at = now()`
const SWEEP = `delete from backtesting.uploads where id <> all ($1::text[]) and saved_at < now() - interval '1 hour'`

export const createUploads = (pool: Pool): Uploads => ({
  save: async (candles) => {
    const bytes = packed(candles)
    const id = uploadId(bytes)
    await pool.query({ name: 'backtesting-save-upload', text: SAVE, values: [id, bytes] })
    return id
  },
  read: async (id) => {
    const text = 'select bytes from backtesting.uploads where id = $1'
    const { rows } = await pool.query<{ bytes: Buffer }>({ name: 'backtesting-read-upload', text, values: [id] })
    return rows[0] === undefined ? undefined : unpacked(rows[0].bytes)
  },
  keepOnly: async (ids) => {
    await pool.query({ name: 'backtesting-sweep-uploads', text: SWEEP, values: [ids] })
  },
})
