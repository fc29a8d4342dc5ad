import type { Pool } from 'pg'
import type { AnswerChunk } from '../workers/job.ts'

/** Results as chunks of a task's attempt, one row each. */
export interface StoreResults {
  /** Takes the chunks of one attempt in their order; what earlier attempts left is gone first. */
  begin(taskId: string, attempt: number): Promise<(chunk: AnswerChunk) => Promise<void>>
  /** Lets go of all that is stored of a task. */
  forget(taskId: string): Promise<void>
  /** Lets go of what belongs to no task. */
  sweep(): Promise<void>
}

const STORE = `insert into backtesting.result_chunks (task_id, attempt, seq, part, bytes) values ($1, $2, $3, $4, $5)
on conflict (task_id, attempt, seq) do update set part = excluded.part, bytes = excluded.bytes`
const FORGET = 'delete from backtesting.result_chunks where task_id = $1'
const SWEEP = `delete from backtesting.result_chunks
where not exists (select from backtesting.tasks where tasks.task_id = result_chunks.task_id)`

export const createStoreResults = (pool: Pool): StoreResults => ({
  begin: async (taskId, attempt) => {
    await pool.query({ name: 'backtesting-forget', text: FORGET, values: [taskId] })
    let seq = 0
    return async ({ part, bytes }) => {
      const values = [taskId, attempt, seq, part, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]
      seq += 1
      await pool.query({ name: 'backtesting-store-chunk', text: STORE, values })
    }
  },
  forget: async (taskId) => {
    await pool.query({ name: 'backtesting-forget', text: FORGET, values: [taskId] })
  },
  sweep: async () => {
    await pool.query({ name: 'backtesting-sweep-results', text: SWEEP })
  },
})
