import type { Pool } from 'pg'
import type { AnswerChunk } from '../workers/job.ts'

export interface ResultWriter {
  /** Takes them in their order. Those of a result that is never settled may be lost with the database. */
  chunk(chunk: AnswerChunk): Promise<void>
  /** Resolves when all of them are durable. */
  settle(): Promise<void>
}

/** Results as chunks of a task's attempt, one row each. */
export interface StoreResults {
  /** For the chunks of one attempt; what earlier attempts left is gone first. */
  begin(taskId: string, attempt: number): Promise<ResultWriter>
  /** Lets go of all that is stored of a task. */
  forget(taskId: string): Promise<void>
  /** Lets go of what belongs to no task. */
  sweep(): Promise<void>
}

/** A disk that is made to write some hundred times for one result is slow for everybody else. */
const STORE = `with soon as (select set_config('synchronous_commit', 'off', true))
insert into backtesting.result_chunks (task_id, attempt, seq, part, bytes)
select $1, $2, $3::integer, $4, $5::bytea from soon
on conflict (task_id, attempt, seq) do update set part = excluded.part, bytes = excluded.bytes`
/** What is durable makes durable what was stored before it. */
const SETTLE = 'update backtesting.result_chunks set part = part where task_id = $1 and attempt = $2 and seq = 0'
const FORGET = 'delete from backtesting.result_chunks where task_id = $1'
const SWEEP = `delete from backtesting.result_chunks
where not exists (select from backtesting.tasks where tasks.task_id = result_chunks.task_id)`

export const createStoreResults = (pool: Pool): StoreResults => ({
  begin: async (taskId, attempt) => {
    await pool.query({ name: 'backtesting-forget', text: FORGET, values: [taskId] })
    let seq = 0
    return {
      chunk: async ({ part, bytes }) => {
        const values = [taskId, attempt, seq, part, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]
        seq += 1
        await pool.query({ name: 'backtesting-store-chunk', text: STORE, values })
      },
      settle: async () => {
        await pool.query({ name: 'backtesting-settle-result', text: SETTLE, values: [taskId, attempt] })
      },
    }
  },
  forget: async (taskId) => {
    await pool.query({ name: 'backtesting-forget', text: FORGET, values: [taskId] })
  },
  sweep: async () => {
    await pool.query({ name: 'backtesting-sweep-results', text: SWEEP })
  },
})
