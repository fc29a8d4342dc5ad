import { setTimeout as sleep } from 'node:timers/promises'
import { optimiseSubmitted } from '@colibri/contracts'
import { z } from 'zod'
import type { Api } from '../api.ts'
import type { Requests } from './route-requests.ts'
import { byContract, bySchema } from './shapes.ts'

/** Some hours of the simulator's market, of which the last is over. */
export const simulatorBacktest = () => {
  const end = Math.floor(Date.now() / 3_600_000) * 3_600
  return {
    start_time: end - 6 * 3_600,
    end_time: end - 60,
    backtesting_resolution: '1m',
    trade_cost: 0.0006,
    config: {
      controller_type: 'directional_trading',
      controller_name: 'bollinger_v1',
      id: 'routes',
      connector_name: 'simulator',
      trading_pair: 'BTC-USDT',
      candles_connector: 'simulator',
      candles_trading_pair: 'BTC-USDT',
      interval: '1m',
      bb_length: 20,
      total_amount_quote: 1_000,
    },
  }
}

const submitted = z.object({ task_id: z.string() })
const task = z.object({ status: z.string(), error: z.string().nullable() })

/** A task, of which nobody waits for the end. */
export const submittedTask = async (api: Api): Promise<string> => {
  const { status, body } = await api.post('/backtesting/tasks', simulatorBacktest())
  if (status !== 200) throw new Error(`no backtest: ${status} ${JSON.stringify(body)}`)
  return submitted.parse(body).task_id
}

/** A task that is completed. */
export const finishedTask = async (api: Api): Promise<string> => {
  const id = await submittedTask(api)
  for (const deadline = Date.now() + 90_000; ; await sleep(100)) {
    const { status, error } = task.parse((await api.get(`/backtesting/tasks/${id}`)).body)
    if (status === 'completed') return id
    if (status === 'failed' || Date.now() > deadline) throw new Error(`backtest ${id} is ${status}: ${error}`)
  }
}

const figures = z.looseObject({ net_pnl_quote: z.number(), sharpe_ratio: z.number(), total_executors: z.int() })
const one = byContract('GET', '/backtesting/tasks/{task_id}')

/** Good requests to the routes of backtests that need more than their path. */
export const backtestRequests: Requests = {
  'POST /backtesting/run': () => ({ body: simulatorBacktest() }),
  'POST /backtesting/run-backtesting': () => ({
    body: { config: simulatorBacktest() },
    shape: byContract('POST', '/backtesting/run'),
  }),
  'POST /backtesting/tasks': () => ({ body: simulatorBacktest() }),
  'GET /backtesting/tasks/{task_id}': ({ tasks }) => ({ path: `/backtesting/tasks/${tasks.completed}` }),
  'GET /backtesting/results/{task_id}': ({ tasks }) => ({
    path: `/backtesting/results/${tasks.completed}`,
    shape: one,
  }),
  'GET /backtesting/metrics/{task_id}': ({ tasks }) => ({
    path: `/backtesting/metrics/${tasks.completed}`,
    shape: bySchema(figures),
  }),
  'DELETE /backtesting/tasks/{task_id}': ({ tasks }) => ({ path: `/backtesting/tasks/${tasks.other}` }),
  'POST /backtesting/optimize': () => ({
    body: { ...simulatorBacktest(), parameters: { bb_length: [10, 20] } },
    shape: bySchema(optimiseSubmitted),
  }),
}
