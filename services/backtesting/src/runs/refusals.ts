import type { BacktestSpec, ValidationItem } from '@colibri/contracts'
import { unprocessable } from '@colibri/service-kit'
import { secondsOf } from '../candles/interval.ts'
import type { ConfigProblem, DescribedFeed } from '../workers/job.ts'

/** One thing that is wrong with a request, as 422 replies say it. */
export const refused = (loc: ValidationItem['loc'], why: string, input: unknown): ValidationItem => ({
  type: 'value_error',
  loc,
  msg: `Value error, ${why}`,
  input,
})

/** Throws `ApiError` with all that is wrong with the times of a backtest. */
export const checkTimes = (spec: BacktestSpec): BacktestSpec => {
  const { startTime, endTime, resolution } = spec
  const items: ValidationItem[] = []
  if (startTime > endTime)
    items.push(refused(['body', 'end_time'], `end_time ${endTime} is before start_time ${startTime}`, endTime))
  for (const [name, time] of Object.entries({ start_time: startTime, end_time: endTime }))
    if (time >= 1e11) items.push(refused(['body', name], 'give seconds since 1970, not milliseconds', time))
  if (secondsOf(resolution) === undefined)
    items.push(
      refused(
        ['body', 'backtesting_resolution'],
        `'${resolution}' is no candle interval; give one like 1m, 5m or 1h`,
        resolution,
      ),
    )
  if (items.length > 0) throw unprocessable(items)
  return spec
}

/** Throws `ApiError` for a series that would have more rows than a backtest takes, with the warm-up of a realistic one. */
export const refuseTooLong = (spec: BacktestSpec, feeds: readonly DescribedFeed[], mostRows: number): void => {
  for (const { interval, window } of feeds) {
    const seconds = secondsOf(interval)
    if (seconds === undefined)
      throw unprocessable([
        refused(
          ['body', 'config', 'interval'],
          `'${interval}' is no candle interval; give one like 1m or 1h`,
          interval,
        ),
      ])
    const rows = Math.floor((spec.endTime - spec.startTime) / seconds)
    if (rows > mostRows)
      throw unprocessable([
        refused(
          ['body', 'end_time'],
          `from start_time to end_time there are ${rows} candles of ${interval}; a backtest takes at most ${mostRows}`,
          spec.endTime,
        ),
      ])
    if (spec.mode === 'realistic' && rows + window > mostRows)
      throw unprocessable([
        refused(
          ['body', 'config'],
          `its indicators look back ${window} candles of ${interval}, before the ${rows} from start_time to end_time; ` +
            `a backtest takes at most ${mostRows} together`,
          spec.configName ?? spec.config,
        ),
      ])
  }
}

/** Which controller a configuration is for. Throws `ApiError` with what is missing. */
export const controllerNames = (config: BacktestSpec['config']): { readonly type: string; readonly name: string } => {
  const { controller_type: type, controller_name: name } = config
  const items = Object.entries({ controller_type: type, controller_name: name }).flatMap(
    ([field, value]): ValidationItem[] => {
      if (value === undefined)
        return [{ type: 'missing', loc: ['body', 'config', field], msg: 'Field required', input: config }]
      if (typeof value !== 'string')
        return [
          { type: 'string_type', loc: ['body', 'config', field], msg: 'Input should be a valid string', input: value },
        ]
      return []
    },
  )
  if (typeof type !== 'string' || typeof name !== 'string') throw unprocessable(items)
  return { type, name }
}

/**
 * What a controller says of its configuration, at its place in the request. A missing field is missing in what was `sent`,
 * where that is known: the controller has seen it with a name.
 */
export const configItems = (problems: readonly ConfigProblem[], sent?: BacktestSpec['config']): ValidationItem[] =>
  problems.map(({ path, type, msg, input, ctx }) => ({
    type,
    loc: ['body', 'config', ...path],
    msg,
    input: type === 'missing' && path.length === 1 ? (sent ?? input) : input,
    ...(ctx === undefined ? {} : { ctx }),
  }))
