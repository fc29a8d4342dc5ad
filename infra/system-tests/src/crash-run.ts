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
  const load = placeOrders(colibri.api, options.ordersPerSecond, alternatingMarketOrders)
  const recoveryMs: Record<string, number[]> = {}
  let kills = 0
  for (let round = 0; round < options.killsEach; round++) {
    for (const victim of options.victims) {
      await sleep(500 + Math.random() * 500)
      await colibri.kill(victim)
      await sleep(50)
      const took = 50 + (await colibri.ready(30_000))
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

/** Late fills and lookups of unknown outcomes take a moment: compares until nothing differs, for half a minute at the most. */
export const untilAgreed = async (colibri: Colibri, acknowledged: readonly Acknowledged[]): Promise<Agreement> => {
  const { urls } = await colibri.run()
  const deadline = Date.now() + 30_000
  for (;;) {
    const agreement = await compareAll(urls.postgres ?? '', await readLedger(urls.simulator ?? ''), acknowledged)
    if (disagreementCount(agreement) === 0 || Date.now() > deadline) return agreement
    await sleep(500)
  }
}

const alternatingMarketOrders = (n: number): object => ({
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: n % 2 === 0 ? 'BUY' : 'SELL',
  amount: '0.001',
  order_type: 'MARKET',
})
