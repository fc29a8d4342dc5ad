import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LaunchedProcess, type TestBed, type TradingProcess, testBed } from '@colibri/trading/testing'
import { compareAll, disagreementCount, mustAgree } from '../agreement.ts'
import { injectFault, readLedger } from '../simulator.ts'
import { copiedEvents, loggedEvents } from './event-copies.ts'
import { bounded, type Fault } from './fault.ts'
import { until } from './until.ts'

/** Where the process ends, in the order an order passes them; what it asks for is in docs/faults.md. */
export const PLACES = [
  'order-checked',
  'order-stored',
  'venue-silent',
  'order-sent',
  'outcome-stored',
  'fill-stored',
  'rows-written',
  'copy-published',
] as const
type Place = (typeof PLACES)[number]

const PATIENCE_MS = 120_000

const body = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.001',
  order_type: 'MARKET',
}

interface Intent {
  readonly place: Place | 'none'
  readonly key: string
}

/** Everything that an order ended as, without what differs between two runs anyway: ids, prices, times. */
interface End {
  readonly status: string
  readonly filled: string
  readonly requests: number
}

const place = async (trading: TradingProcess, { key }: Intent): Promise<string | undefined> => {
  const reply = await trading.post('/trading/orders', body, { 'idempotency-key': key }).catch(() => undefined)
  if (reply === undefined || reply.status >= 500) return undefined
  if (reply.status !== 201) throw new Error(`order refused: ${reply.status} ${JSON.stringify(reply.body)}`)
  return (reply.body as { order_id: string }).order_id
}

/** Armed by configuration, or by an exchange that takes the order and keeps its answer. */
const environmentOf = (at: Place): Record<string, string> => ({
  ORDER_ABSENT_GRACE_MS: '1000',
  ...(at === 'venue-silent' ? {} : { COLIBRI_FAILPOINT: at }),
})

/** Places orders until the process has died at its place; the intents it was asked for. */
const dieAt = async (bed: TestBed, at: Place): Promise<readonly Intent[]> => {
  const process = bed.launch(environmentOf(at))
  const trading = await Promise.race([process.ready.catch(() => undefined), process.ended.then(() => undefined)])
  // Recovering what the process before it left, it may have reached its place already.
  if (trading === undefined) return endedByKill(process, at, [])
  const intent: Intent = { place: at, key: randomUUID() }
  let ended: 'no' | 'yes' = 'no'
  trading.ended.then(
    () => (ended = 'yes'),
    () => (ended = 'yes'),
  )
  if (at === 'venue-silent') {
    const known = (await bed.ledger()).requests.length
    await injectFault(bed.simulator.restUrl, { on: 'create', kind: 'accept-then-timeout', times: 1 })
    let placing: Promise<unknown> = Promise.resolve()
    await until('the request is at the exchange', PATIENCE_MS, async () => {
      // Just started, it may refuse for want of rules: asked again under the same key, at most one is sent.
      placing = place(trading, intent)
      await Promise.race([placing, sleep(500)])
      return (await bed.ledger()).requests.length > known
    })
    await trading.kill()
    await placing
  } else {
    await until(`the process ends at ${at}`, PATIENCE_MS, async () => {
      if (ended === 'no') await place(trading, intent)
      return ended === 'yes'
    })
  }
  return endedByKill(process, at, [intent])
}

const endedByKill = async (
  process: LaunchedProcess,
  at: Place,
  asked: readonly Intent[],
): Promise<readonly Intent[]> => {
  const how = await process.ended
  if (how !== 'SIGKILL') throw new Error(`trading ended with ${String(how)} at ${at}`)
  return asked
}

const allCopied = (bed: TestBed): Promise<number> =>
  until('every event is copied once, in order', PATIENCE_MS, async () => {
    const [copied, logged] = [await copiedEvents(bed.nats), await loggedEvents(bed.databaseUrl)]
    return copied.length === logged.length && logged.every((id, index) => copied[index] === id)
  })

/** One that is not armed works off what is left. */
const recover = async (bed: TestBed): Promise<void> => {
  const trading = await bed.start({ ORDER_ABSENT_GRACE_MS: '1000' })
  await allCopied(bed)
  await trading.kill()
}

const endOf = async (bed: TestBed, trading: TradingProcess, id: string): Promise<End> => {
  const reply = await trading.post('/trading/orders/search', { limit: 1000 })
  const { data } = reply.body as { data: { order_id: string; status: string; filled_amount: number }[] }
  const row = data.find(({ order_id }) => order_id === id)
  const { requests } = await bed.ledger()
  return {
    status: row?.status ?? 'missing',
    filled: String(row?.filled_amount ?? 0),
    requests: requests.find(({ clientOrderId }) => clientOrderId === id)?.count ?? 0,
  }
}

/** Stored and never sent: it is not known that it was not, so it is not sent by whoever comes after, and ends as failed. */
const NEVER_SENT: End = { status: 'FAILED', filled: '0', requests: 0 }

/**
 * One round ends trading once at every place. Each process recovers what the one before it left, and dies at the next
 * place; what must hold is judged at the end, when one runs that is not armed.
 */
export const r2: Fault = {
  title: 'trading ended at every named place an order passes',
  run: async ({ rounds, say }) => {
    const endings: (() => Promise<void>)[] = []
    try {
      const bed = await testBed({ teardown: (clean) => void endings.push(clean) })
      const intents: Intent[] = []
      const free = await bed.start()
      const undisturbed: Intent = { place: 'none', key: randomUUID() }
      const model = await place(free, undisturbed)
      if (model === undefined) throw new Error('the undisturbed order was not placed')
      await until(
        'the undisturbed order is filled',
        PATIENCE_MS,
        async () => (await endOf(bed, free, model)).status === 'FILLED',
      )
      const expected = await endOf(bed, free, model)
      await free.kill()

      let kills = 0
      for (let round = 0; round < rounds; round++) {
        for (const at of PLACES) {
          let asked = await dieAt(bed, at)
          if (asked.length === 0) {
            kills++
            say(`ended at ${at} while it recovered`)
            await recover(bed)
            asked = await dieAt(bed, at)
          }
          intents.push(...asked)
          kills++
        }
        say(`round ${round + 1}: ended at ${PLACES.length} places, ${intents.length} orders asked for`)
      }

      const begin = Date.now()
      const trading = await bed.start({ ORDER_ABSENT_GRACE_MS: '1000' })
      const ready = Date.now() - begin
      const acknowledged = await Promise.all(
        intents.map(async (intent) => {
          let id: string | undefined
          await until(`the order of ${intent.place} is acknowledged`, PATIENCE_MS, async () => {
            id = await place(trading, intent)
            return id !== undefined
          })
          return { ...intent, idempotencyKey: intent.key, clientOrderId: id ?? '' }
        }),
      )
      const compare = async () => compareAll(bed.databaseUrl, await readLedger(bed.simulator.restUrl), acknowledged)
      await until('all agree', PATIENCE_MS, async () => disagreementCount(await compare()) === 0).catch(async () =>
        mustAgree(await compare()),
      )
      const ended = new Map<string, number>()
      for (const { place: at, clientOrderId } of acknowledged) {
        const wanted = at === 'order-stored' ? NEVER_SENT : expected
        await until(`the order of ${at} ends as ${JSON.stringify(wanted)}`, PATIENCE_MS, async () => {
          const end = await endOf(bed, trading, clientOrderId)
          if (JSON.stringify(end) === JSON.stringify(wanted)) return true
          throw new Error(`it is ${JSON.stringify(end)}`)
        })
        ended.set(at, (ended.get(at) ?? 0) + 1)
      }
      await allCopied(bed)
      return {
        kills,
        ...Object.fromEntries([...ended].map(([at, count]) => [`orders of ${at}, ended as they must`, count])),
        'lost, sent twice, unresolved, differing': 0,
        'ready after the last kill, ms': bounded(ready, 5_000),
      }
    } finally {
      for (const end of endings.reverse()) await end()
    }
  },
}
