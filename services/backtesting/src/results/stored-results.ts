import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { BacktestSpec } from '@colibri/contracts'
import { ANSWER_MEMBERS, type AnswerMember } from '@colibri/strategy'
import type { Pool } from 'pg'
import type { TaskQueries } from '../tasks/tasks.queries.ts'
import { EQUITY_COLUMNS, type EquityColumn, equityColumn } from '../workers/equity.ts'
import type { ResultPart } from '../workers/job.ts'

/** One column a row of the backtest; times are seconds. */
export type EquityColumns = Readonly<Record<EquityColumn, Float64Array>> & { readonly length: number }

/** The result of a completed task, read part by part. */
export interface StoredResult {
  readonly taskId: string
  readonly spec: BacktestSpec
  /** The figures under the contract's names. */
  readonly figures: Readonly<Record<string, unknown>>
  /** Epoch milliseconds. */
  readonly completedAt: number
  /** The whole REST answer as JSON text, in chunks. */
  answer(): AsyncGenerator<string>
  /** What a member of the REST answer holds, as JSON text without its brackets, in chunks. */
  text(member: AnswerMember): AsyncGenerator<string>
  /** The executors as REST shows them, some hundred at a time. */
  executors(): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]>
  equity(): Promise<EquityColumns>
}

export type FoundResult =
  | { readonly kind: 'stored'; readonly result: StoredResult }
  | { readonly kind: 'unfinished'; readonly status: string }
  | { readonly kind: 'unknown' }

export type ReadResult = (taskId: string) => Promise<FoundResult>

/** The result was deleted while it was read. */
export class ResultGone extends Error {
  override readonly name = 'ResultGone'
}

/** Chunks read at once: a few megabytes of text. */
const AT_ONCE = 4
const READ = `select seq, part, bytes from backtesting.result_chunks
where task_id = $1 and attempt = $2 and seq > $3 and ($4::text is null or part = $4) order by seq limit ${AT_ONCE}`

const decompress = promisify(zstdDecompress)

interface Chunk {
  readonly seq: number
  readonly part: ResultPart
  readonly bytes: Buffer
}

async function* chunksOf(pool: Pool, taskId: string, attempt: number, part: ResultPart | null): AsyncGenerator<Chunk> {
  let seen = 0
  for (let last = -1; ; ) {
    const values = [taskId, attempt, last, part]
    const { rows } = await pool.query<Chunk>({ name: 'backtesting-read-chunks', text: READ, values })
    yield* rows
    seen += rows.length
    const newest = rows.at(-1)
    if (newest === undefined || rows.length < AT_ONCE) break
    last = newest.seq
  }
  // The figures alone are a chunk.
  if (seen === 0) throw new ResultGone(`the result of task ${taskId} is gone`)
}

/** Finds the result of a task. */
export const readResults =
  (pool: Pool, queries: Pick<TaskQueries, 'find'>): ReadResult =>
  async (taskId) => {
    const row = await queries.find(taskId)
    if (row === undefined) return { kind: 'unknown' }
    if (row.status !== 'completed' || row.figures === null || row.completedAt === null)
      return { kind: 'unfinished', status: row.status }
    const { spec, attempt, figures, completedAt } = row

    async function* text(member: AnswerMember): AsyncGenerator<string> {
      for await (const { bytes } of chunksOf(pool, taskId, attempt, member)) yield (await decompress(bytes)).toString()
    }

    async function* answer(): AsyncGenerator<string> {
      yield '{'
      for (const [index, member] of MEMBERS.entries()) {
        const [open, close] = ANSWER_MEMBERS[member]
        yield `${index === 0 ? '' : ','}"${member}":${open}`
        yield* member === 'results' ? text(member) : orNothing(text(member))
        yield close
      }
      yield '}'
    }

    async function* executors(): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]> {
      for await (const items of orNothing(text('executors')))
        yield JSON.parse(`[${items.startsWith(',') ? items.slice(1) : items}]`)
    }

    const equity = async (): Promise<EquityColumns> => {
      const columns: Float64Array[] = []
      for await (const { bytes } of chunksOf(pool, taskId, attempt, 'equity')) columns.push(equityColumn(bytes))
      const named = Object.fromEntries(EQUITY_COLUMNS.map((name, n) => [name, columns[n] ?? new Float64Array(0)]))
      return { ...(named as Record<EquityColumn, Float64Array>), length: columns[0]?.length ?? 0 }
    }

    const result = { taskId, spec, figures, completedAt: completedAt.getTime(), answer, text, executors, equity }
    return { kind: 'stored', result }
  }

const MEMBERS = Object.keys(ANSWER_MEMBERS) as AnswerMember[]

/** An empty list has no chunks; that a whole result is gone shows in its figures. */
async function* orNothing(chunks: AsyncGenerator<string>): AsyncGenerator<string> {
  try {
    yield* chunks
  } catch (error) {
    if (!(error instanceof ResultGone)) throw error
  }
}
