import { constants, createWriteStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { chartLibrary } from '@colibri/backtesting/reports'
import {
  type BacktestResult,
  backtestAnswer,
  equityTable,
  executorTable,
  quoteOf,
  type ReportInput,
  reportOf,
  reportPage,
  runBacktest,
  type Table,
  tableText,
} from '@colibri/strategy'
import { backtestCandles } from './backtest-candles.ts'
import type { BacktestCommand } from './backtest-command.ts'
import { ConfigWrong, readConfig, readRules, standardController } from './backtest-config.ts'
import { summaryText } from './backtest-summary.ts'
import { ownController, thrownBy } from './own-controller.ts'
import { progressBar } from './progress-bar.ts'
import { progressLine, type Terminal } from './progress-line.ts'

export interface BacktestRun {
  /** Where files are written that were not named. */
  readonly folder: string
  readonly now: number
  readonly out: Terminal
  readonly progress: Terminal
}

/** Runs a backtest, says what came of it and writes the files. Throws `ConfigWrong`, `CandleFileInvalid` and the engine's own. */
export const runBacktestCommand = async (command: BacktestCommand, run: BacktestRun): Promise<void> => {
  const { controller: from } = command
  const controller = from.kind === 'own' ? await ownController(from.file) : standardController(from.name)
  const { config, shown } = await readConfig(controller, command.config, command.set)
  const rules = command.rules === undefined ? undefined : await readRules(command.rules)
  const [market] = controller.markets(config)
  if (market === undefined) throw new ConfigWrong(`${controller.name} names no market to trade on.`)
  await placesToWrite(command.files)
  const line = progressLine(run.progress)
  const series = await backtestCandles(command, market, controller.feeds?.(config) ?? [], {
    now: run.now,
    progress: (file, share) => line.show(`${progressBar(share)} reading ${basename(file)}`),
  }).finally(line.end)

  const quote = quoteOf({ market })
  const begin = performance.now()
  const result = ended(line, from, () =>
    runBacktest({
      controller,
      config,
      market,
      candles: series.candles,
      feed: series.feed,
      window: {
        from: command.window.from ?? Number.NEGATIVE_INFINITY,
        to: command.window.to ?? Number.POSITIVE_INFINITY,
      },
      rules,
      tradeCost: command.tradeCost,
      mode: command.mode,
      onProgress: (done, rows, pnl) =>
        line.show(`${progressBar(done / rows)} ${done} of ${rows} rows, profit ${pnl.toFixed(2)} ${quote}`),
    }),
  )
  const report = reportOf(result, {
    controller: controller.name,
    config: shown,
    market,
    interval: series.interval,
    mode: command.mode,
    tradeCost: command.tradeCost,
  })
  run.out.write(summaryText(report, quote, performance.now() - begin))
  for (const file of await writeFiles(command, report, result, run.folder)) run.out.write(`Written: ${file}\n`)
}

const ended = (
  line: { end(): void },
  from: BacktestCommand['controller'],
  work: () => BacktestResult,
): BacktestResult => {
  try {
    return work()
  } catch (error) {
    throw from.kind === 'own' ? thrownBy(from.file, error) : error
  } finally {
    line.end()
  }
}

/** Known before a run of minutes, not after it. Throws `ConfigWrong`. */
const placesToWrite = async (files: BacktestCommand['files']): Promise<void> => {
  for (const file of Object.values(files)) {
    if (file === undefined || file === 'default') continue
    await access(dirname(file), constants.W_OK).catch(() => {
      throw new ConfigWrong(`${file} cannot be written: there is no folder ${dirname(file)} that may be written to.`)
    })
  }
}

const writeFiles = async (
  { files }: BacktestCommand,
  report: ReportInput,
  result: BacktestResult,
  folder: string,
): Promise<readonly string[]> => {
  const table = (file: string, content: Table): Iterable<string> =>
    tableText(file.endsWith('.json') ? 'json' : 'csv', content)
  const page =
    files.report === 'default' ? resolve(folder, `backtest-${fileName(report.controller)}.html`) : files.report
  const wanted: readonly (readonly [string | undefined, (file: string) => Iterable<string>])[] = [
    [page, () => reportPage(report, chartLibrary())],
    [files.executors, (file) => table(file, executorTable(report.executors))],
    [files.equity, (file) => table(file, equityTable(report.equity, report.mode))],
    [files.answer, () => backtestAnswer(result)],
  ]
  const written: string[] = []
  for (const [file, content] of wanted) {
    if (file === undefined) continue
    await pipeline(Readable.from(content(file)), createWriteStream(file))
    written.push(file)
  }
  return written
}

/** A controller's name may hold anything. */
const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_')
