import { randomUUID } from 'node:crypto'
import type { BacktestRequest, BacktestSpec, UploadedCandles } from '@colibri/contracts'
import { ApiError, badRequest, notFound, unprocessable } from '@colibri/service-kit'
import { findController } from '@colibri/strategy'
import { between } from '../candles/candle-rows.ts'
import { secondsOf } from '../candles/interval.ts'
import type { AskCandles } from '../candles/market-candles.ts'
import { BadCandles, readUpload } from '../candles/uploaded-candles.ts'
import type { Uploads } from '../candles/uploads.ts'
import type { AnswerForm, BacktestJob, ControllerSource, DescribedFeed, Description, Series } from '../workers/job.ts'
import { isControllerType } from '../workers/load-controller.ts'
import { feedKey } from '../workers/messages.ts'
import type { WorkerPool } from '../workers/pool.ts'
import { describe } from '../workers/run-job.ts'
import type { AskRules } from './market-rules.ts'
import { checkTimes, configItems, controllerNames, refused, refuseTooLong } from './refusals.ts'
import type { UserFiles } from './stored-configs.ts'

export interface PrepareDeps {
  readonly files: UserFiles
  readonly candles: AskCandles
  readonly rules: AskRules
  readonly uploads: Uploads
  readonly workers: Pick<WorkerPool, 'describe'>
  readonly mostRows: number
}

/** A backtest whose words are right: controller, configuration and times. Its candles are not there yet. */
export interface CheckedRun {
  readonly spec: BacktestSpec
  readonly controller: ControllerSource
  readonly needs: Extract<Description, { kind: 'described' }>
  /** Candles that came with it. */
  readonly uploads: readonly Series[]
}

export interface PrepareRun {
  /**
   * What a request asks for. Throws `ApiError`: 404 for a controller or a stored configuration that is not there, 422 with
   * every wrong field, 400 for candles that cannot be used. With `save`, candles of the request are kept for a task.
   */
  check(request: BacktestRequest, uploads: 'save' | 'use'): Promise<CheckedRun>
  /** The same for what was asked for earlier. */
  checkAgain(spec: BacktestSpec): Promise<CheckedRun>
  /** What a controller needs for a configuration, or what is wrong with it. */
  describe(controller: ControllerSource, config: BacktestSpec['config']): Promise<Description> | Description
  /** With candles and rules. Throws `ApiError` 400, saying which candles there are, or `RpcError`. */
  load(run: CheckedRun, answer: AnswerForm): Promise<BacktestJob>
}

/** A controller that cannot be asked what it needs: a backtest of it fails. */
export class ControllerBroken extends ApiError {
  constructor(
    why: string,
    readonly spec: BacktestSpec,
  ) {
    super(400, why)
  }
}

export const prepareRuns = (deps: PrepareDeps): PrepareRun => {
  const configOf = async (config: BacktestRequest['config']) => {
    if (typeof config !== 'string') return { config: withId(config, ''), configName: null }
    const configName = config.replace(/\.yml$/, '')
    return { config: withId(await deps.files.config(config), configName), configName }
  }

  const findSource = async (type: string, name: string): Promise<ControllerSource> => {
    const source = await deps.files.controller(type, name)
    if (source !== undefined) return { kind: 'own', type, name, source }
    if (isControllerType(type) && findController(type, name) !== undefined) return { kind: 'standard', type, name }
    throw notFound(`Controller '${name}' of type '${type}' not found`)
  }

  const describeBy = (
    controller: ControllerSource,
    config: BacktestSpec['config'],
  ): Promise<Description> | Description => {
    const standard =
      controller.kind === 'standard' && isControllerType(controller.type)
        ? findController(controller.type, controller.name)
        : undefined
    return standard === undefined ? deps.workers.describe(controller, config) : describe(standard, config)
  }

  const finish = async (spec: BacktestSpec, uploads: readonly Series[]): Promise<CheckedRun> => {
    const { type, name } = controllerNames(spec.config)
    const controller = await findSource(type, name)
    const needs = await describeBy(controller, spec.config)
    if (needs.kind === 'refused') throw unprocessable(configItems(needs.problems))
    if (needs.kind === 'failed') throw new ControllerBroken(needs.error, spec)
    const { market } = needs
    refuseTooLong(spec, [mainFeed(market, spec), ...needs.feeds], deps.mostRows)
    return { spec, controller, needs, uploads }
  }

  const save = async ({ connector, pair, interval, candles }: Series): Promise<BacktestSpec['uploads'][number]> => ({
    connectorName: connector,
    tradingPair: pair,
    interval,
    uploadId: await deps.uploads.save(candles),
  })

  const mainFeed = (market: CheckedRun['needs']['market'], spec: BacktestSpec): DescribedFeed => ({
    connector: market.connector_name,
    pair: market.trading_pair,
    interval: spec.resolution,
    window: 0,
  })

  const seriesOf = async (feed: DescribedFeed, { spec, uploads }: CheckedRun): Promise<Series> => {
    const key = feedKey(feed)
    const { connector, pair, interval } = feed
    const uploaded = uploads.find((series) => feedKey(series) === key)
    const { startTime: from, endTime: to } = spec
    const warmUp = spec.mode === 'realistic' ? feed.window * (secondsOf(interval) ?? 0) : 0
    if (uploaded !== undefined) return cut(uploaded, from - warmUp, to)
    const wanted = { connector, pair, interval, to }
    if (warmUp > 0)
      try {
        const early = Math.max(0, from - warmUp)
        return cut(await deps.candles({ ...wanted, from: early }), early, to)
      } catch (error) {
        // What lies before the beginning may be had nowhere: then the indicators begin cold.
        if (!(error instanceof ApiError)) throw error
      }
    return cut(await deps.candles({ ...wanted, from }), from, to)
  }

  return {
    async check(request, uploads) {
      const series = (request.candles ?? []).map((each, n) => readSeries(each, n, deps.mostRows))
      refuseTwice(series)
      const spec = checkTimes({
        startTime: request.start_time,
        endTime: request.end_time,
        resolution: request.backtesting_resolution,
        tradeCost: request.trade_cost,
        mode: request.mode,
        ...(await configOf(request.config)),
        uploads: uploads === 'save' ? await Promise.all(series.map(save)) : [],
      })
      return finish(spec, series)
    },

    async checkAgain(spec) {
      const series = await Promise.all(
        spec.uploads.map(async ({ connectorName, tradingPair, interval, uploadId }): Promise<Series> => {
          const candles = await deps.uploads.read(uploadId)
          if (candles === undefined) throw badRequest('The candles that came with this backtest are gone')
          return { id: uploadId, connector: connectorName, pair: tradingPair, interval, candles }
        }),
      )
      return finish(spec, series)
    },

    describe: describeBy,

    async load(run, answer) {
      const { spec, needs, controller } = run
      const { market } = needs
      const main = mainFeed(market, spec)
      const [candles, ...feeds] = await Promise.all([
        seriesOf(main, run),
        ...distinct(needs.feeds).map((feed) => seriesOf(feed, run)),
      ])
      const { startTime: from, endTime: to } = spec
      if (candles === undefined || candles.candles.length === 0)
        throw badRequest(
          `There are no ${spec.resolution} candles of ${market.trading_pair} on ${market.connector_name} ` +
            `from ${timeText(from)} to ${timeText(to)}${uploadedRange(main, run)}`,
        )
      return {
        controller,
        config: spec.config,
        market,
        candles,
        feeds,
        window: { from, to },
        rules: await deps.rules(market),
        tradeCost: spec.tradeCost,
        mode: spec.mode,
        answer,
      }
    },
  }
}

/** A configuration is called as its file is; an empty name is made by its controller. */
const withId = (config: Readonly<Record<string, unknown>>, id: string): Record<string, unknown> =>
  config.id === undefined ? { id, ...config } : { ...config }

const distinct = (feeds: readonly DescribedFeed[]): DescribedFeed[] => {
  const widest = new Map<string, DescribedFeed>()
  for (const feed of feeds) {
    const known = widest.get(feedKey(feed))
    if (known === undefined || known.window < feed.window) widest.set(feedKey(feed), feed)
  }
  return [...widest.values()]
}

/** A part of a series is another series. */
const cut = (series: Series, from: number, to: number): Series => {
  const candles = between(series.candles, from, to)
  return candles === series.candles ? series : { ...series, id: `${series.id} ${from} ${to}`, candles }
}

const readSeries = (uploaded: UploadedCandles, index: number, mostRows: number): Series => {
  try {
    const { connector, trading_pair: pair, interval } = uploaded
    return { id: randomUUID(), connector, pair, interval, candles: readUpload(uploaded, mostRows) }
  } catch (error) {
    if (!(error instanceof BadCandles)) throw error
    throw unprocessable([refused(['body', 'candles', index], error.message, null)])
  }
}

/** Throws `ApiError` for a series that was given before: which of them is meant? */
const refuseTwice = (series: readonly Series[]): void => {
  const keys = series.map(feedKey)
  const items = keys.flatMap((key, n) => {
    const first = keys.indexOf(key)
    return first < n ? [refused(['body', 'candles', n], `is the same series as candles ${first}`, null)] : []
  })
  if (items.length > 0) throw unprocessable(items)
}

/** Which candles came with a request that asks for others. */
const uploadedRange = (feed: DescribedFeed, { uploads }: CheckedRun): string => {
  const { timestamp } = uploads.find((series) => feedKey(series) === feedKey(feed))?.candles ?? {}
  const [first, last] = [timestamp?.[0], timestamp?.at(-1)]
  if (first === undefined || last === undefined) return ''
  return `; those that came with the request go from ${timeText(first)} to ${timeText(last)}`
}

const timeText = (seconds: number): string => new Date(seconds * 1_000).toISOString()
