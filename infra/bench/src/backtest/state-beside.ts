import { setTimeout as sleep } from 'node:timers/promises'
import type { Colibri } from '@colibri/system-tests'
import { latency } from '../measure.ts'
import { openRepeater } from '../raw-client.ts'
import type { Figure } from '../report.ts'

/** Of a p99 over fewer requests half is chance. */
const MEASURED_MS = 60_000
/** A client that is not in a hurry: what it waits for is its answer, not those before it. */
const PAUSE_MS = 5
/** In turn, so that a neighbour on the machine is in both. */
const ROUNDS = 12
const login = `Basic ${Buffer.from('admin:admin').toString('base64')}`

/** What a trader who looks at the portfolio notices of backtests that run one after the other. */
export const measureStateBeside = async (colibri: Colibri, body: string): Promise<readonly Figure[]> => {
  const headers = { authorization: login, 'content-type': 'application/json' }
  const client = await openRepeater(`${colibri.url}/portfolio/state`, headers, '{}')
  const asked = async (): Promise<number[]> => {
    const times: number[] = []
    for (const end = performance.now() + MEASURED_MS / ROUNDS; performance.now() < end; await sleep(PAUSE_MS)) {
      const begin = performance.now()
      await client.once()
      times.push(performance.now() - begin)
    }
    return times
  }
  try {
    await asked()
    const [alone, beside]: [number[], number[]] = [[], []]
    let backtests = 0
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(...(await asked()))
      let state: 'looping' | 'over' = 'looping'
      const loop = (async () => {
        while (state === 'looping') {
          await runTask(colibri, body)
          backtests++
        }
      })()
      beside.push(...(await asked()))
      state = 'over'
      await loop
    }
    const [before, during] = [latency(alone), latency(beside)]
    const what = '`/portfolio/state`'
    return [
      { name: `${what} alone, p50`, value: before.p50, unit: 'ms' },
      { name: `${what} alone, p99`, value: before.p99, unit: 'ms' },
      { name: `${what} beside backtests of 200,000 rows, p50`, value: during.p50, unit: 'ms' },
      { name: `${what} beside backtests of 200,000 rows, p99`, value: during.p99, unit: 'ms' },
      { name: `${what}: p99 moved`, value: (during.p99 / before.p99 - 1) * 100, unit: '%', target: { atMost: 20 } },
      { name: 'backtests meanwhile', value: backtests, unit: 'tasks' },
    ]
  } finally {
    client.close()
  }
}

const runTask = async (colibri: Colibri, body: string): Promise<void> => {
  const { task_id: id } = (await colibri.api.post('/backtesting/tasks', JSON.parse(body))).body as { task_id: string }
  for (;;) {
    const { body: tasks } = await colibri.api.get('/backtesting/tasks')
    const task = (tasks as { task_id: string; status: string }[]).find((one) => one.task_id === id)
    if (task?.status === 'completed') break
    if (task?.status !== 'pending' && task?.status !== 'running') throw new Error(`a backtest ended ${task?.status}`)
    await sleep(100)
  }
}
