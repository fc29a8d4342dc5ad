import { setTimeout as sleep } from 'node:timers/promises'
import type { Replica } from '@colibri/testkit'
import { z } from 'zod'

/** Of the candles that market-data has in these tests. */
export const ROWS = 10_000
/** Epoch seconds. */
export const FIRST = 1_735_689_600
export const LAST = FIRST + (ROWS - 1) * 60

/** A bollinger_v1 on the minutes of a pair, with its defaults. */
export const plainBollinger = {
  controller_type: 'directional_trading',
  controller_name: 'bollinger_v1',
  connector_name: 'binance_perpetual',
  trading_pair: 'BTC-USDT',
  candles_connector: 'binance_perpetual',
  candles_trading_pair: 'BTC-USDT',
  interval: '1m',
  total_amount_quote: 1_000,
}

export const bollinger = {
  ...plainBollinger,
  id: 'bollinger_v1_1m',
  bb_length: 100,
  bb_std: 2,
  bb_long_threshold: 0,
  bb_short_threshold: 1,
  max_executors_per_side: 2,
  cooldown_time: 300,
  leverage: 20,
  stop_loss: '0.03',
  take_profit: '0.02',
  time_limit: 2_700,
}

export const request = { start_time: FIRST, end_time: LAST, backtesting_resolution: '1m', trade_cost: 0.0006 }
export const good = { ...request, config: bollinger }
/** A backtest of a user's own controller. */
export const own = (name: string, more: object = {}) => ({
  ...request,
  config: { controller_type: 'generic', controller_name: name, ...more },
})
/** The body of a controller's decision that takes three milliseconds. */
export const slowly = 'const until = Date.now() + 3; while (Date.now() < until) {}'

const submitted = z.object({ task_id: z.string().regex(/^[0-9a-f]{8}$/), status: z.literal('pending') })
export const taskSchema = z.looseObject({ status: z.string(), error: z.string().nullable() })

/** Submits a task; rejects when it is not taken. */
export const submitTo = async (replica: Replica, body: unknown): Promise<string> => {
  const { status, body: reply } = await replica.post('/backtesting/tasks', body)
  if (status !== 200) throw new Error(`a task was refused: ${status} ${JSON.stringify(reply)}`)
  return submitted.parse(reply).task_id
}

/** A task once it has one of these states. */
export const taskWhen = async (replica: Replica, id: string, wanted: readonly string[]) => {
  for (const deadline = Date.now() + 90_000; ; await sleep(50)) {
    const seen = taskSchema.parse((await replica.get(`/backtesting/tasks/${id}`)).body)
    if (wanted.includes(seen.status)) return seen
    if (Date.now() > deadline) throw new Error(`task ${id} is ${seen.status} (${seen.error})`)
  }
}
