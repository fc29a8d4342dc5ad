import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { mustAgree } from '../agreement.ts'
import { type Colibri, startColibri } from '../colibri.ts'
import { untilAgreed } from '../crash-run.ts'
import { placeOrders } from '../load.ts'
import { bounded, type Fault, type FaultOptions, median } from './fault.ts'
import { until } from './until.ts'

const ORDERS_PER_SECOND = 50
const PATIENCE_MS = 120_000
const ACCOUNT = 'master_account'
/** Between two rounds orders flow undisturbed, so that the next one meets some in every stage. */
const CALM_MS = 300

const marketOrders = (n: number): object => ({
  account_name: ACCOUNT,
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: n % 2 === 0 ? 'BUY' : 'SELL',
  amount: '0.001',
  order_type: 'MARKET',
})

interface Owner {
  readonly id: string
  readonly token: number
  readonly pid: number
}

/** What happens to the owner of the account. `zombie`: it stands still past its lease and then goes on. */
const ways = ['zombie', 'rolling update', 'zombie', 'kill'] as const

const round = async (
  way: (typeof ways)[number],
  owner: () => Promise<Owner | undefined>,
  acknowledged: () => Promise<number>,
): Promise<number> => {
  const before = await owner()
  if (before === undefined) throw new Error(`nobody holds the lease of ${ACCOUNT}`)
  const begin = Date.now()
  process.kill(before.pid, way === 'zombie' ? 'SIGSTOP' : way === 'kill' ? 'SIGKILL' : 'SIGTERM')
  try {
    await until('another trading process has the account', PATIENCE_MS, async () => {
      const now = await owner()
      return now !== undefined && now.id !== before.id && now.token > before.token
    })
    const handedOver = await acknowledged()
    await until('orders are placed by the new owner', PATIENCE_MS, async () => (await acknowledged()) > handedOver)
    const took = Date.now() - begin
    // Long enough for the new owner to be in the middle of everything when the old one wakes up.
    if (way === 'zombie') await sleep(Math.random() * 1_000)
    return took
  } finally {
    if (way === 'zombie') process.kill(before.pid, 'SIGCONT')
  }
}

const runRounds = async (
  colibri: Colibri,
  database: pg.Client,
  { rounds, say, loadShare = 1 }: Pick<FaultOptions, 'rounds' | 'say' | 'loadShare'>,
) => {
  const owner = async (): Promise<Owner | undefined> => {
    const { rows } = await database.query<{ owner: string; token: string }>(
      'select owner, token::text from log.leases where name = $1 and owner is not null and expires_at > clock_timestamp()',
      [`trading account ${ACCOUNT}`],
    )
    const pid = Number(/ pid (\d+) /.exec(rows[0]?.owner ?? '')?.[1])
    return rows[0] === undefined ? undefined : { id: rows[0].owner, token: Number(rows[0].token), pid }
  }
  const replicas = async (): Promise<number> => {
    const { rows } = await database.query<{ count: number }>(
      `select count(*)::integer as count from log.leases l where starts_with(name, 'trading replica ') and log.lease_is_held(l)`,
    )
    return rows[0]?.count ?? 0
  }
  const acknowledged = async (): Promise<number> => {
    const { rows } = await database.query<{ count: number }>(
      `select count(*)::integer as count from log.events where type = 'OrderAccepted'`,
    )
    return rows[0]?.count ?? 0
  }
  const twoAgain = () => until('two trading processes run', PATIENCE_MS, async () => (await replicas()) === 2)

  await twoAgain()
  using load = placeOrders(colibri.api, ORDERS_PER_SECOND * loadShare, marketOrders)
  const took: Record<string, number[]> = {}
  try {
    for (let n = 0; n < rounds; n += 1) {
      const way = ways[n % ways.length] ?? 'zombie'
      await sleep(CALM_MS + Math.random() * CALM_MS)
      const ms = await round(way, owner, acknowledged)
      took[way] = [...(took[way] ?? []), ms]
      await twoAgain()
      say(`round ${n + 1}, ${way}: orders placed by the new owner after ${ms} ms, ${load.started()} orders so far`)
    }
  } catch (error) {
    await load.finish().catch(() => undefined)
    throw error
  }
  const placed = await load.finish()
  const agreement = await untilAgreed(colibri, placed)
  mustAgree(agreement)
  return { took, placed: placed.length, retries: load.retries(), agreement }
}

/** One round replaces the owner of the account once: frozen past its lease and woken again, updated, or killed. */
export const r9: Fault = {
  title: 'two trading processes: a zombie, a rolling update and a kill of the owner in turn, under 50 orders a second',
  async run(options) {
    const { rounds } = options
    const colibri = await startColibri({ args: ['--services', 'trading=2'] })
    try {
      const { urls } = await colibri.run()
      const database = new pg.Client({ connectionString: urls.postgres })
      database.on('error', () => undefined)
      await database.connect()
      try {
        const { took, placed, retries, agreement } = await runRounds(colibri, database, options)
        return {
          rounds,
          'orders acknowledged': placed,
          'attempts repeated': retries,
          events: agreement.events,
          'sent twice, lost, written by a zombie, differing': 0,
          ...Object.fromEntries(
            Object.entries(took).flatMap(([way, times]) => [
              [`${way}: orders placed again, median ms`, median(times)],
              [
                `${way}: orders placed again, slowest ms`,
                way === 'zombie' ? Math.max(...times) : bounded(Math.max(...times), 5_000),
              ],
            ]),
          ),
        }
      } finally {
        await database.end()
      }
    } finally {
      await colibri.stop()
    }
  },
}
