import {
  type OptimiseDeleted,
  type OptimiseDetail,
  type OptimisePath,
  type OptimiseQuery,
  type OptimiseRequest,
  type OptimiseSubmitted,
  type OptimiseSummary,
  optimisePath,
  optimiseQuery,
  optimiseRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Delete, Get, HttpCode, Inject, Post } from '@nestjs/common'
import { detailView, summaryView } from './optimisation-view.ts'
import type { OptimisationQueries } from './optimisations.queries.ts'
import type { OptimiseCommands } from './optimise-commands.ts'

export interface Optimisations {
  readonly commands: OptimiseCommands
  readonly queries: OptimisationQueries
}

export const OPTIMISATIONS = Symbol('optimisations')

const found = <T>(result: T | undefined, { optimization_id: id }: OptimisePath): T => {
  if (result === undefined) throw notFound(`Optimization ${id} not found`)
  return result
}

@Controller('backtesting/optimize')
export class OptimiseController {
  constructor(@Inject(OPTIMISATIONS) private readonly optimisations: Optimisations) {}

  @Post()
  @HttpCode(200)
  submit(@Validated('body', optimiseRequest) body: OptimiseRequest): Promise<OptimiseSubmitted> {
    return this.optimisations.commands.submit(body)
  }

  @Get()
  async list(): Promise<readonly OptimiseSummary[]> {
    const { queries } = this.optimisations
    const rows = await queries.all()
    return Promise.all(rows.map(async (row) => summaryView(row, await queries.best(row))))
  }

  @Get(':optimization_id')
  async get(
    @Validated('path', optimisePath) path: OptimisePath,
    @Validated('query', optimiseQuery) { window, limit, offset }: OptimiseQuery,
  ): Promise<OptimiseDetail> {
    const { queries } = this.optimisations
    const row = found(await queries.find(path.optimization_id), path)
    const [best, tests, page] = await Promise.all([
      queries.best(row),
      queries.tests(row),
      queries.trials(row, { window, limit, offset }),
    ])
    return detailView({ row, best, tests, page, limit, offset })
  }

  @Delete(':optimization_id')
  async remove(@Validated('path', optimisePath) path: OptimisePath): Promise<OptimiseDeleted> {
    return found(await this.optimisations.commands.remove(path.optimization_id), path)
  }
}
