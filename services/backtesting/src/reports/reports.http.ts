import { type BacktestPath, backtestPath } from '@colibri/contracts'
import { ApiError, notFound, Validated } from '@colibri/service-kit'
import { equityTable, executorTable, PAGE_POLICY, reportPage, type Table, tableText } from '@colibri/strategy'
import { Controller, Get, Inject, Res } from '@nestjs/common'
import type { Response } from 'express'
import type { StoredResult } from '../results/stored-results.ts'
import { streamText } from '../runs/stream-json.ts'
import { BACKTEST_TASKS, type BacktestTasks } from '../tasks/tasks.http.ts'
import { chartLibrary } from './chart-library.ts'
import { storedExecutors, storedReport } from './stored-report.ts'

/** The page may also be shown by a browser that is logged in here: it gets an origin of its own, and may only download. */
const POLICY = `${PAGE_POLICY}; sandbox allow-scripts allow-downloads`

@Controller('backtesting')
export class ReportsHttp {
  constructor(@Inject(BACKTEST_TASKS) private readonly tasks: Pick<BacktestTasks, 'read'>) {}

  /** The result as one page of HTML. */
  @Get('tasks/:task_id/report')
  async report(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const result = await this.#completed(taskId)
    const page = pieces(reportPage(await storedReport(result), chartLibrary()))
    response.setHeader('content-security-policy', POLICY)
    response.setHeader('x-content-type-options', 'nosniff')
    await streamText(response, 'html', page)
  }

  @Get('tasks/:task_id/executors.csv')
  async executorsCsv(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const result = await this.#completed(taskId)
    await send(response, 'csv', `${taskId}-executors`, executorTable(await storedExecutors(result)))
  }

  @Get('tasks/:task_id/executors.json')
  async executorsJson(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const result = await this.#completed(taskId)
    await send(response, 'json', `${taskId}-executors`, executorTable(await storedExecutors(result)))
  }

  @Get('tasks/:task_id/equity.csv')
  async equityCsv(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const result = await this.#completed(taskId)
    await send(response, 'csv', `${taskId}-equity`, equityTable(await result.equity(), result.spec.mode))
  }

  @Get('tasks/:task_id/equity.json')
  async equityJson(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const result = await this.#completed(taskId)
    await send(response, 'json', `${taskId}-equity`, equityTable(await result.equity(), result.spec.mode))
  }

  async #completed(taskId: string): Promise<StoredResult> {
    const found = await this.tasks.read(taskId)
    switch (found.kind) {
      case 'stored':
        return found.result
      case 'unknown':
        throw notFound(`Task ${taskId} not found`)
      case 'unfinished':
        throw new ApiError(409, `Task ${taskId} is ${found.status}: only a completed one has a result`)
    }
  }
}

const send = (response: Response, form: 'csv' | 'json', name: string, table: Table): Promise<void> => {
  response.setHeader('content-disposition', `attachment; filename="backtest-${name}.${form}"`)
  return streamText(response, form, pieces(tableText(form, table)))
}

async function* pieces(text: Iterable<string>): AsyncGenerator<string> {
  yield* text
}
