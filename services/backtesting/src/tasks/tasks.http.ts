import {
  type BacktestPath,
  type BacktestRequest,
  type BacktestTask,
  backtestPath,
  backtestRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Delete, Get, HttpCode, Inject, Post, Res } from '@nestjs/common'
import type { Response } from 'express'
import type { ReadResult } from '../results/stored-results.ts'
import { streamJson } from '../runs/stream-json.ts'
import type { Progress } from '../workers/job.ts'
import type { TaskCommands } from './task-commands.ts'
import { type TaskQueries, type TaskRow, taskView } from './tasks.queries.ts'

export const BACKTEST_TASKS = Symbol('backtest tasks')

export interface BacktestTasks {
  readonly commands: TaskCommands
  readonly queries: TaskQueries
  readonly read: ReadResult
  readonly progress: (taskId: string) => Progress | undefined
}

@Controller('backtesting')
export class TasksHttp {
  constructor(@Inject(BACKTEST_TASKS) private readonly tasks: BacktestTasks) {}

  @Post('tasks')
  @HttpCode(200)
  async submit(@Validated('body', backtestRequest) request: BacktestRequest) {
    return { task_id: await this.tasks.commands.submit(request), status: 'pending' }
  }

  @Get('tasks')
  async list(): Promise<BacktestTask[]> {
    return (await this.tasks.queries.all()).map((row) => this.#view(row))
  }

  /** With its result once it is completed. */
  @Get('tasks/:task_id')
  async one(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath, @Res() response: Response) {
    const row = await this.tasks.queries.find(taskId)
    if (row === undefined) throw unknown(taskId)
    const view = this.#view(row)
    const found = row.status === 'completed' ? await this.tasks.read(taskId) : undefined
    if (found?.kind !== 'stored') return void response.status(200).json(view)
    await streamJson(response, withResult(view, found.result.answer()))
  }

  @Get('results/:task_id')
  results(@Validated('path', backtestPath) path: BacktestPath, @Res() response: Response) {
    return this.one(path, response)
  }

  @Get('metrics/:task_id')
  async metrics(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath) {
    const row = await this.tasks.queries.find(taskId)
    if (row === undefined) throw unknown(taskId)
    if (row.figures === null) throw notFound(`Task ${taskId} has no results: it is ${row.status}`)
    return row.figures
  }

  @Delete('tasks/:task_id')
  async remove(@Validated('path', backtestPath) { task_id: taskId }: BacktestPath) {
    if (!(await this.tasks.commands.remove(taskId))) throw unknown(taskId)
    return { status: 'deleted', task_id: taskId }
  }

  #view(row: TaskRow): BacktestTask {
    return taskView(row, this.tasks.progress(row.taskId))
  }
}

const unknown = (taskId: string) => notFound(`Task ${taskId} not found`)

async function* withResult(view: BacktestTask, answer: AsyncIterable<string>): AsyncGenerator<string> {
  yield `${JSON.stringify(view).slice(0, -1)},"result":`
  yield* answer
  yield '}'
}
