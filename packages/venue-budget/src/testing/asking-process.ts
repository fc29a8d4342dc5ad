import { env } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresLog } from '@colibri/event-log'
import { openVenues, VenueUnavailable } from '@colibri/exchange'
import { createLogger } from '@colibri/service-kit'
import { connect } from '@nats-io/transport-node'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { venueBudgets } from '../venue-budgets.ts'
import { askingSettings, type Told, told } from './asking.ts'

// A replica of its own that asks the simulator's venue under a shared budget, as its parent says.
const { databaseUrl, nats, instanceId, restUrl, limit, timeoutMs } = askingSettings.parse(JSON.parse(env.ASKING ?? ''))
const connection = await connect({ ...nats, reconnectTimeWait: 100, maxReconnectAttempts: -1 })
const metrics = new Registry()
const logger = createLogger({ service: 'asking', instanceId, level: 'fatal' })
const log = await openPostgresLog({ url: databaseUrl })
const budgets = await venueBudgets(
  {
    nats: connection,
    log,
    metrics,
    logger,
    config: { INSTANCE_ID: instanceId },
    background: (_name, work) => void work.catch(() => undefined),
    onShutdown: () => undefined,
  },
  'shared',
)
const venues = openVenues({
  urls: { simulator: { rest: restUrl, ...(limit === null ? {} : { limit }) } },
  timeoutMs,
  budgets,
})
const open = venues.publicVenue('simulator')
const account = venues.accountVenue('simulator', {
  simulator_api_key: 'simulator-key',
  simulator_api_secret: 'simulator-secret',
})

const ask = {
  prices: () => open.prices(['BTC-USDT']).then(() => 'answered' as const),
  cancel: () =>
    account
      .cancelOrder('no-such-order', 'BTC-USDT')
      .then(({ kind }) => (kind === 'not-found' ? ('answered' as const) : ('held' as const))),
}

const once = async (what: keyof typeof ask): Promise<'answered' | 'held'> => {
  try {
    return await ask[what]()
  } catch (error) {
    if (error instanceof VenueUnavailable) return 'held'
    throw error
  }
}

const act = async (message: unknown): Promise<Told> => {
  const order = told.parse(message)
  switch (order.kind) {
    case 'hammer': {
      const until = performance.now() + order.ms
      const counts = { answered: 0, held: 0 }
      const loop = async (): Promise<void> => {
        while (performance.now() < until) counts[await once(order.what)] += 1
      }
      await Promise.all(Array.from({ length: 4 }, loop))
      return { kind: 'hammered', ...counts }
    }
    case 'ask': {
      const started = performance.now()
      const refused = await open.prices(['BTC-USDT']).then(
        () => null,
        (error: unknown) => error,
      )
      const until = refused instanceof VenueUnavailable ? refused.until : null
      const error = refused instanceof Error ? `${refused.name}: ${refused.message}` : null
      return { kind: 'asked', error, until, tookMs: performance.now() - started }
    }
    case 'order': {
      const outcome = await account.createOrder({
        clientOrderId: order.id,
        tradingPair: 'BTC-USDT',
        tradeType: 'BUY',
        orderType: 'MARKET',
        amount: '0.001',
        price: null,
        positionAction: 'OPEN',
      })
      return { kind: 'ordered', outcome: outcome.kind, reason: 'reason' in outcome ? outcome.reason : '' }
    }
    case 'metrics':
      return { kind: 'measured', text: await metrics.metrics() }
    default:
      throw new Error(`not for a replica to do: ${order.kind}`)
  }
}

const answers = z.object({ id: z.number(), told })
process.on('message', (message) => {
  const { id, told: order } = answers.parse(message)
  act(order).then(
    (reply) => process.send?.({ id, told: reply }),
    (error: unknown) => process.send?.({ id, told: { kind: 'failed', text: String(error) } }),
  )
})
process.on('disconnect', () => process.exit(0))
/** Opening costs more than a small budget has for three replicas at once. */
const opened = async (): Promise<void> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await open.tradingRules()
      return await account.connect()
    } catch (error) {
      if (attempt === 30) throw error
      await sleep(500)
    }
  }
}
await opened()
process.send?.({ id: 0, told: { kind: 'ready' } })
