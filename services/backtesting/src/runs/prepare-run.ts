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
import { refusePartial, timeText } from './upload-range.ts'

export interface PrepareDeps {
  readonly files: UserFiles
  readonly candles: AskCandles
  readonly rules: AskRules
  readonly uploads: Uploads
  readonly workers: Pick<WorkerPool, 'describe'>
  readonly mostRows: number
}

/** What is asked for, and the candles that came with it. */
export interface AskedRun {
  readonly spec: BacktestSpec
  readonly uploads: readonly Series[]
}

/** A backtest whose words are right: controller, configuration and times. Candles of the market are not there yet. */
export interface CheckedRun extends AskedRun {
  readonly controller: ControllerSource
  readonly needs: Extract<Description, { kind: 'described' }>
}

export interface PrepareRun {
  /**
   * What a request asks for. Throws `ApiError`: 404 for a controller or a stored configuration that is not there, 422 with
   * every wrong field, 400 for candles that cannot be used. Nothing is stored.
   */
  check(request: BacktestRequest): Promise<CheckedRun>
  /** The same run with another configuration. Throws as `check` does. */
  checkWith(run: CheckedRun, config: BacktestSpec['config']): Promise<CheckedRun>
  /** Stores the candles that came with a run; gives what to ask for again later, which names them. */
  keep(run: AskedRun): Promise<BacktestSpec>
  /** The same for what was kept earlier. */
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
    readonly run: AskedRun,
  ) {
    super(400, why)
  }
}

export const prepareRuns = (deps: PrepareDeps): PrepareRun => {
  /** As it was written: in the request, or in a file. */
  const configOf = async (config: BacktestRequest['config']) =>
    typeof config === 'string'
      ? { config: await deps.files.config(config), configName: config.replace(/\.yml$/, '') }
      : { config, configName: null }

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

  const finish = async ({ spec: asked, uploads }: AskedRun): Promise<CheckedRun> => {
    // A refusal shows what was sent, so what is added to it is added when its names have been found.
    const { type, name } = controllerNames(asked.config)
    const controller = await findSource(type, name)
    const spec = { ...asked, config: withId(asked.config, asked.configName ?? '') }
    const needs = await describeBy(controller, spec.config)
    if (needs.kind === 'refused') throw unprocessable(configItems(needs.problems, asked.config))
    if (needs.kind === 'failed') throw new ControllerBroken(needs.error, { spec, uploads })
    const wanted = feedsOf(needs, spec)
    refuseTooLong(asked, wanted, deps.mostRows)
    refusePartial(spec, wanted, uploads)
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

  const feedsOf = (needs: CheckedRun['needs'], spec: BacktestSpec): readonly DescribedFeed[] => [
    mainFeed(needs.market, spec),
    ...needs.feeds,
  ]

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
    async check(request) {
      const series = (request.candles ?? []).map((each, n) => readSeries(each, n, deps.mostRows))
      refuseTwice(series)
      const spec = checkTimes({
        startTime: request.start_time,
        endTime: request.end_time,
        resolution: request.backtesting_resolution,
        tradeCost: request.trade_cost,
        mode: request.mode,
        ...(await configOf(request.config)),
        uploads: [],
      })
      return finish({ spec, uploads: series })
    },

    checkWith: ({ spec, uploads }, config) => finish({ spec: { ...spec, config }, uploads }),

    keep: async ({ spec, uploads }) => ({ ...spec, uploads: await Promise.all(uploads.map(save)) }),

    async checkAgain(spec) {
      const uploads = await Promise.all(
        spec.uploads.map(async ({ connectorName, tradingPair, interval, uploadId }): Promise<Series> => {
          const candles = await deps.uploads.read(uploadId)
          if (candles === undefined) throw badRequest('The candles that came with this backtest are gone')
          return { id: uploadId, connector: connectorName, pair: tradingPair, interval, candles }
        }),
      )
      return finish({ spec, uploads })
    },

    describe: describeBy,

    async load(run, answer) {
      const { spec, needs, controller } = run
      const { market } = needs
      const main = mainFeed(market, spec)
      // Of a search, the candles that a trial needs may be others than those that were checked.
      refusePartial(spec, feedsOf(needs, spec), run.uploads)
      const [candles, ...feeds] = await Promise.all([
        seriesOf(main, run),
        ...distinct(needs.feeds).map((feed) => seriesOf(feed, run)),
      ])
      const { startTime: from, endTime: to } = spec
      if (candles === undefined || candles.candles.length === 0)
        throw badRequest(
          `There are no ${spec.resolution} candles of ${market.trading_pair} on ${market.connector_name} ` +
            `from ${timeText(from)} to ${timeText(to)}`,
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
