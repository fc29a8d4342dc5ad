import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { fillOf, orderStateOf } from './ccxt-orders.ts'
import type { CcxtSession, Session } from './ccxt-session.ts'
import { type PolledAccount, pollAccount } from './poll-account.ts'
import { type UpdateQueue, updateQueue } from './update-queue.ts'
import type { AccountUpdate } from './venue.ts'

const firstBackoffMs = 250
const longestBackoffMs = 30_000
/** How long a connection must have stood before events are taken to flow. */
const settleMs = 250
const probeMs = 50

export interface UpdateSource extends PolledAccount {
  readonly connector: Connector
  readonly session: CcxtSession
}

type Stream = 'watchOrders' | 'watchMyTrades'

const errorNames = (error: unknown): string[] => {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error; at = Object.getPrototypeOf(at)) names.push(at.constructor.name)
  return names
}

/** ccxt keeps a futures listen key for twenty minutes even when the venue has dropped it with the connection. */
const forgetListenKey = (exchange: CcxtExchange): void => {
  const future = z.record(z.string(), z.unknown()).safeParse(exchange.options.future)
  if (future.success) exchange.options.future = { ...future.data, listenKey: undefined, lastAuthenticatedTime: 0 }
}

const publish = (queue: UpdateQueue, stream: Stream, rows: unknown, { markets }: Session): void => {
  for (const row of z.array(z.unknown()).parse(rows)) {
    if (stream === 'watchOrders') {
      const order = orderStateOf(row, markets)
      if (order !== null) queue.push({ kind: 'order', order })
    } else {
      const fill = fillOf(row, markets)
      if (fill !== null) queue.push({ kind: 'fill', fill })
    }
  }
}

/** Says `gap` as soon as the stream stands again: what was missed is complete only now. */
const announceWhenLive = async (exchange: CcxtExchange, queue: UpdateQueue, signal: AbortSignal): Promise<void> => {
  const connected = () => Object.values(exchange.clients ?? {}).some((client) => client.isConnected)
  while (!connected()) await sleep(probeMs, undefined, { signal })
  await sleep(settleMs, undefined, { signal })
  if (connected()) queue.push({ kind: 'gap' })
}

/** Runs one ccxt stream for ever, or ends with `unsupported` where the exchange turns out not to have it. */
const follow = async (
  stream: Stream,
  source: UpdateSource,
  queue: UpdateQueue,
  signal: AbortSignal,
): Promise<'aborted' | 'closed' | 'unsupported'> => {
  let failures = 0
  while (!signal.aborted) {
    const attempt = new AbortController()
    const announced = AbortSignal.any([signal, attempt.signal])
    try {
      const session = await source.session.ready()
      announceWhenLive(session.exchange, queue, announced).catch(() => undefined)
      while (!signal.aborted) {
        publish(queue, stream, await session.exchange[stream](), session)
        failures = 0
      }
    } catch (error) {
      const names = errorNames(error)
      if (names.includes('ExchangeClosedByUser')) return 'closed'
      if (names.includes('NotSupported') || names.includes('ArgumentsRequired')) return 'unsupported'
      queue.push({ kind: 'gap' })
      const { exchange } = await source.session.ready().catch(() => ({ exchange: undefined }))
      if (exchange !== undefined) forgetListenKey(exchange)
      const longest = Math.min(longestBackoffMs, firstBackoffMs * 2 ** failures)
      failures += 1
      await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    } finally {
      attempt.abort()
    }
  }
  return 'aborted'
}

/**
 * Orders and fills of one account until the signal aborts, from the exchange's streams where ccxt has them and by polling
 * where it does not. Begins with a `gap` once the stream stands: what happened before it must be polled.
 */
export async function* accountUpdates(source: UpdateSource, signal: AbortSignal): AsyncGenerator<AccountUpdate> {
  const queue = updateQueue()
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  stopped.addEventListener('abort', () => queue.end(), { once: true })
  if (stopped.aborted) return

  const run = async (stream: Stream): Promise<void> => {
    const { ccxt } = source.connector
    const outcome =
      ccxt.kind === 'exchange' && ccxt.streams ? await follow(stream, source, queue, stopped) : ('unsupported' as const)
    if (outcome === 'closed') stop.abort()
    if (outcome === 'unsupported')
      await pollAccount(source, stream === 'watchOrders' ? 'orders' : 'fills', queue, stopped)
  }
  const producers = Promise.all([run('watchOrders'), run('watchMyTrades')])
  const ended = producers.then(
    () => queue.end(),
    () => stop.abort(),
  )
  try {
    yield* queue.drain()
  } finally {
    stop.abort()
    await Promise.race([ended, sleep(1_000)])
  }
}
