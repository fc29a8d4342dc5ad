import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Api } from '../api.ts'
import { finishedTask, submittedTask } from './backtest-requests.ts'

/** What has to be there before every route can give a good reply. */
export interface Prepared {
  /** A key that the simulator takes. */
  readonly key: { readonly apiKey: string; readonly apiSecret: string }
  /** One for each route that cancels; a third stays open. */
  readonly openOrders: readonly [string, string, string]
  /** Backtests: one that is completed, and one to delete. */
  readonly tasks: { readonly completed: string; readonly other: string }
}

const placed = z.object({ order_id: z.string() })
const rows = z.object({ data: z.array(z.unknown()).min(1) })

const must = (what: string, reply: { readonly status: number; readonly body: unknown }, status: number): unknown => {
  if (reply.status === status) return reply.body
  throw new Error(`${what}: ${reply.status} ${JSON.stringify(reply.body)}`)
}

/** Another key of the simulator's account. */
export const makeKey = async (
  simulatorUrl: string,
  key: { readonly apiKey: string; readonly apiSecret: string },
): Promise<void> => {
  const reply = await fetch(`${simulatorUrl}/control/keys`, { method: 'POST', body: JSON.stringify(key) })
  if (!reply.ok) throw new Error(`no key: ${await reply.text()}`)
}

const untilRows = async (api: Api, path: string): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (!rows.safeParse((await api.post(path, {})).body).success) {
    if (Date.now() > deadline) throw new Error(`${path} shows nothing`)
    await sleep(100)
  }
}

/** Accounts to delete, orders to cancel, a position to close, and something in every list. */
export const prepare = async (api: Api, simulatorUrl: string): Promise<Prepared> => {
  const key = { apiKey: 'routes-key', apiSecret: 'routes-secret' }
  await makeKey(simulatorUrl, key)
  for (const name of ['kept', 'gone', 'gone_by_path'])
    must(name, await api.send('POST', `/accounts/add-account?account_name=${name}`, {}), 201)

  const order = async (rest: object): Promise<string> => {
    const reply = await api.post('/trading/orders', {
      account_name: 'master_account',
      connector_name: 'simulator',
      trading_pair: 'BTC-USDT',
      trade_type: 'BUY',
      amount: '0.01',
      order_type: 'MARKET',
      ...rest,
    })
    return placed.parse(must('an order', reply, 201)).order_id
  }
  const resting = { order_type: 'LIMIT', price: '1000' }
  const openOrders = [await order(resting), await order(resting), await order(resting)] as const
  await order({})
  await order({ connector_name: 'simulator_perpetual' })
  for (const path of ['/trading/trades', '/trading/orders/active', '/trading/positions', '/portfolio/history'])
    await untilRows(api, path)
  const tasks = { completed: await finishedTask(api), other: await submittedTask(api) }
  return { key, openOrders, tasks }
}
