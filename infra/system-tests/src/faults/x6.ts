import { setTimeout as sleep } from 'node:timers/promises'
import { guardEvents, guardView } from '@colibri/contracts'
import { comparePositions, openPostgresLog, type Position, type RecordedEvent } from '@colibri/event-log'
import { z } from 'zod'
import { type Api, api } from '../api.ts'
import { startColibri } from '../colibri.ts'
import { readLedger } from '../simulator.ts'
import { type Fault, type Figures, median } from './fault.ts'
import { until } from './until.ts'

const COMMANDS_PER_SECOND = 200
/** No more requests at once than clients would have open. */
const MOST_AT_ONCE = 100
/** Orders go on being asked for so long after the halt. */
const AFTER_HALT_MS = 1_000
const PATIENCE_MS = 120_000

const arrivals = z.array(z.object({ at: z.number(), operation: z.string() }))

/** Rests in the book, far from the market. */
const order = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.001',
  order_type: 'LIMIT',
  price: '10000',
}

interface Flood {
  /** Replies by status; 0 where there was none. */
  readonly statuses: Map<number, number>
  /** Ends when every request was answered. */
  stop(): Promise<void>
}

const flood = (client: Api): Flood => {
  const statuses = new Map<number, number>()
  const running = new Set<Promise<void>>()
  let stopping = false
  const one = async (): Promise<void> => {
    const status = await client.post('/trading/orders', order).then(
      (reply) => reply.status,
      () => 0,
    )
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  const pacing = (async () => {
    const begin = Date.now()
    let started = 0
    while (!stopping) {
      const due = ((Date.now() - begin) * COMMANDS_PER_SECOND) / 1000
      for (; started < due && running.size < MOST_AT_ONCE; started += 1) {
        const request = one().finally(() => running.delete(request))
        running.add(request)
      }
      await sleep(5)
    }
  })()
  return {
    statuses,
    async stop() {
      stopping = true
      await pacing
      await Promise.all(running)
    },
  }
}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

const control = async (simulator: string, method: string, path: string): Promise<unknown> => {
  const response = await fetch(`${simulator}/control/${path}`, { method })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.json()
}

const haltAgainAndAgain = async (
  client: Api,
  simulator: string,
  log: Awaited<ReturnType<typeof openPostgresLog>>,
  { rounds, say }: { readonly rounds: number; readonly say: (line: string) => void },
): Promise<Figures> => {
  const creates = async () =>
    arrivals.parse(await control(simulator, 'GET', 'requests')).filter(({ operation }) => operation === 'create')
  const guard = async () => guardView.parse((await client.get('/guards/portfolio')).body)
  const eventsAfter = async (from: Position, types: readonly string[]): Promise<readonly RecordedEvent[]> => {
    const events: RecordedEvent[] = []
    for (let position = from; ; ) {
      const page = await log.readAll(position, { filter: { types } })
      events.push(...page.events)
      position = page.position
      if (page.atEnd && !page.pending) return events
    }
  }

  const halts: { readonly halted: Position; readonly rearmed: Position }[] = []
  const haltMs: number[] = []
  const seconds: number[] = []
  const answered = new Map<number, number>()
  let late = 0
  let left = 0
  await until(
    'an order is taken',
    PATIENCE_MS,
    async () => (await client.post('/trading/orders', order)).status === 201,
  )
  const begin = await log.end()
  for (let round = 1; round <= rounds; round += 1) {
    const from = await log.end()
    await control(simulator, 'DELETE', 'requests')
    const started = Date.now()
    const flooding = flood(client)
    await until('orders reach the exchange', PATIENCE_MS, async () => (await creates()).length >= 100)
    const asked = Date.now()
    const halt = { ladder: round % 2 === 1 ? 'pause' : 'cancel', reason: `round ${round}` }
    // A system that has too much to do may say so; a kill switch is pressed until it is down.
    await until(
      'the halt is taken',
      PATIENCE_MS,
      async () => (await client.post('/guards/portfolio/halt', halt)).status === 200,
    )
    await until('trading is halted', PATIENCE_MS, async () => (await guard()).state === 'halted')
    // Asked after the halt is in the log: what arrives from here on arrived after it.
    const counted = (await creates()).length
    haltMs.push(Date.now() - asked)
    await sleep(AFTER_HALT_MS)
    await flooding.stop()
    seconds.push((Date.now() - started) / 1000)
    for (const [status, count] of flooding.statuses) answered.set(status, (answered.get(status) ?? 0) + count)

    const events = await eventsAfter(from, ['TradingHalted'])
    const halted = events.find(({ type }) => type === 'TradingHalted')
    if (halted === undefined) throw new Error('the halt is not in the log')
    left += guardEvents.TradingHalted.parse(halted.data).ordersLeft
    const arrived = await creates()
    const after = arrived.filter(({ at }) => at > halted.recordedAt)
    late += Math.max(arrived.length - counted, after.length)
    must(arrived.length === counted, `${arrived.length - counted} creates reached the exchange after TradingHalted`)
    must(
      after.length === 0,
      `${after.length} creates reached the exchange up to ${Math.max(...after.map(({ at }) => at)) - halted.recordedAt} ms after TradingHalted was stored`,
    )
    must((await client.post('/guards/portfolio/rearm', {})).status === 200, 're-arming was refused')
    halts.push({ halted: halted.position, rearmed: await log.end() })
    say(
      `round ${round}: ${arrived.length} creates before the halt, 0 after it; halted within ${haltMs.at(-1)} ms, ` +
        `${flooding.statuses.get(409) ?? 0} orders refused`,
    )
  }

  const { submitted, unsent } = await submittedWhileHalted(begin, halts, eventsAfter)
  must(submitted === 0, `${submitted} orders were submitted between TradingHalted and the re-arm`)
  const ledger = await readLedger(simulator)
  const known = new Set(ledger.requests.map(({ clientOrderId }) => clientOrderId))
  const sentAllTheSame = unsent.filter((id) => known.has(id))
  must(sentAllTheSame.length === 0, `${sentAllTheSame.length} orders said to be not sent are known to the exchange`)

  const total = [...answered.values()].reduce((sum, count) => sum + count, 0)
  return {
    rounds,
    'orders asked for': total,
    'orders asked for per second': Math.round(total / seconds.reduce((sum, each) => sum + each, 0)),
    acknowledged: answered.get(201) ?? 0,
    refused: answered.get(409) ?? 0,
    'other answers': total - (answered.get(201) ?? 0) - (answered.get(409) ?? 0),
    'stored but not sent': unsent.length,
    'creates after TradingHalted': late,
    'still open when the ladder’s time was over': left,
    'ms until halted, median': median(haltMs),
    'ms until halted, slowest': Math.max(...haltMs),
  }
}

/** Orders whose intent is in the log while trading was halted, and those whose request a halt held back. */
const submittedWhileHalted = async (
  begin: Position,
  halts: readonly { readonly halted: Position; readonly rearmed: Position }[],
  eventsAfter: (from: Position, types: readonly string[]) => Promise<readonly RecordedEvent[]>,
): Promise<{ readonly submitted: number; readonly unsent: readonly string[] }> => {
  const events = await eventsAfter(begin, ['OrderSubmitted', 'OrderRejected'])
  const whileHalted = ({ position }: RecordedEvent): boolean =>
    halts.some(
      ({ halted, rearmed }) => comparePositions(position, halted) > 0 && comparePositions(position, rearmed) <= 0,
    )
  return {
    submitted: events.filter((event) => event.type === 'OrderSubmitted' && whileHalted(event)).length,
    unsent: events
      .filter(
        ({ type, data }) => type === 'OrderRejected' && JSON.stringify(data).includes('not sent: trading is halted'),
      )
      .map(({ streamId }) => streamId.slice('order-'.length)),
  }
}

/**
 * One round is a halt under a flood of orders, of one ladder and the next time of the other, and a re-arm. The exchange's own record of requests, with its times, and the
 * places of events in the log say that nothing was created after `TradingHalted`.
 */
export const x6: Fault = {
  title: 'kill switch under 200 orders a second: nothing is created after it',
  run: async ({ rounds, say, colibri: running }) => {
    const colibri = running ?? (await startColibri())
    try {
      const { urls } = await colibri.run()
      const log = await openPostgresLog({ url: urls.postgres ?? '' })
      try {
        return await haltAgainAndAgain(api(colibri.url, PATIENCE_MS), urls.simulator ?? '', log, { rounds, say })
      } finally {
        await log.close()
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
