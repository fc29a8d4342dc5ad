import { setTimeout as sleep } from 'node:timers/promises'
import { type Agreement, compareAll, disagreementCount } from './agreement.ts'
import type { Colibri } from './colibri.ts'
import { type Acknowledged, placeOrders } from './load.ts'
import { readLedger } from './simulator.ts'

export interface CrashReport extends Agreement {
  readonly kills: number
  readonly acknowledged: number
  readonly retries: number
  /** Milliseconds from each kill until everything was ready again, by victim. */
  readonly recoveryMs: Readonly<Record<string, readonly number[]>>
}

/** Orders flow at a steady rate while each victim in turn is killed; afterwards exchange, log and read models are compared. */
export const crashRun = async (
  colibri: Colibri,
  options: {
    readonly victims: readonly string[]
    readonly killsEach: number
    readonly ordersPerSecond: number
    readonly say?: (line: string) => void
  },
): Promise<CrashReport> => {
  using load = placeOrders(colibri.api, options.ordersPerSecond, alternatingMarketOrders)
  const recoveryMs: Record<string, number[]> = {}
  let kills = 0
  for (let round = 0; round < options.killsEach; round++) {
    for (const victim of options.victims) {
      await sleep(500 + Math.random() * 500)
      const took = await killAndWait(colibri, victim)
      recoveryMs[victim] = [...(recoveryMs[victim] ?? []), took]
      kills++
      options.say?.(`killed ${victim} (${kills}): ready again after ${took} ms, ${load.started()} orders so far`)
    }
  }
  const acknowledged = await load.finish()
  return {
    ...(await untilAgreed(colibri, acknowledged)),
    kills,
    acknowledged: acknowledged.length,
    retries: load.retries(),
    recoveryMs,
  }
}

/** Milliseconds from a SIGKILL until a new process has taken over, the edge is ready and every service answers a request. */
export const killAndWait = async (colibri: Colibri, victim: string, patienceMs = 120_000): Promise<number> => {
  const begin = Date.now()
  const pid = await colibri.kill(victim)
  while (Date.now() - begin < patienceMs) {
    await sleep(20)
    const successor = (await colibri.run()).processes.find((one) => one.name === victim)
    if (successor === undefined || successor.pid === pid) continue
    if (await allAnswer(colibri)) return Date.now() - begin
  }
  throw new Error(`not ready again ${patienceMs / 1000} s after ${victim} was killed`)
}

/** Whether the edge is ready and every service that trading needs answers a request now. */
export const allAnswer = async (colibri: Colibri): Promise<boolean> =>
  (await Promise.all(requests.map((request) => answers(colibri, request)))).every(Boolean)

/** One that needs the log and the database, one the exchange, one NATS; and the edge's own word. */
const requests: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', '/health/ready'],
  ['POST', '/trading/orders/search', { limit: 1 }],
  ['POST', '/market-data/prices', { connector_name: 'simulator', trading_pairs: ['BTC-USDT'] }],
  ['POST', '/portfolio/state', {}],
]

const answers = async (colibri: Colibri, [method, path, body]: (typeof requests)[number]): Promise<boolean> => {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const reply = await colibri.api.send(method, path, init).catch(() => undefined)
  return reply?.status === 200
}

/** Late fills and lookups of unknown outcomes take a moment: compares until nothing differs, or patience ends. */
export const untilAgreed = async (
  colibri: Colibri,
  acknowledged: readonly Acknowledged[],
  patienceMs = 30_000,
): Promise<Agreement> => {
  const { urls } = await colibri.run()
  const deadline = Date.now() + patienceMs
  for (;;) {
    const agreement = await compareAll(urls.postgres ?? '', await readLedger(urls.simulator ?? ''), acknowledged)
    if (disagreementCount(agreement) === 0 || Date.now() > deadline) return agreement
    await sleep(500)
  }
}

export const alternatingMarketOrders = (n: number): object => ({
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: n % 2 === 0 ? 'BUY' : 'SELL',
  amount: '0.001',
  order_type: 'MARKET',
})
