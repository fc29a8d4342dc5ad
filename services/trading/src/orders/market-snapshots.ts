import { marketMessages, marketSubject, pricesReply } from '@colibri/contracts'
import type { Call } from '@colibri/service-kit'
import type { NatsConnection, Subscription } from '@nats-io/nats-core'
import type { OrderIntent } from './order.ts'

export type MarketSnapshot = NonNullable<OrderIntent['market']>

export interface MarketSnapshotsDeps {
  readonly nats: Pick<NatsConnection, 'subscribe'>
  readonly call: Call
  now(): number
  background(name: string, work: Promise<unknown>): void
}

export interface MarketSnapshots {
  /** What is known of a market at this moment, at no wait; null when nothing is. From then on the market is followed. */
  of(connectorName: string, tradingPair: string): MarketSnapshot | null
  close(): void
}

/** Prices older than this say nothing of the moment. */
const USABLE_MS = 60_000
/** Asking keeps the market's ticker open at market-data. */
const ASK_EVERY_MS = 30_000
const ASK_TIMEOUT_MS = 2_000
/** The markets that were ordered in last are followed. */
const MOST_FOLLOWED = 50

interface Followed {
  readonly subscription: Subscription
  ticker: MarketSnapshot | undefined
  asked: MarketSnapshot | undefined
  askedAt: number
}

/**
 * The markets orders are placed in, as market-data tells of them anyway: the tickers it publishes, and the last price it is
 * asked for now and then, behind an order and never before it.
 */
export const createMarketSnapshots = ({ nats, call, now, background }: MarketSnapshotsDeps): MarketSnapshots => {
  const markets = new Map<string, Followed>()

  const follow = (connectorName: string, tradingPair: string): Followed => {
    const followed: Followed = {
      ticker: undefined,
      asked: undefined,
      askedAt: Number.NEGATIVE_INFINITY,
      subscription: nats.subscribe(marketSubject(connectorName, tradingPair, 'ticker'), {
        callback: (_error, message) => {
          followed.ticker = tickerOf(message.data) ?? followed.ticker
        },
      }),
    }
    return followed
  }

  const ask = async (connectorName: string, tradingPair: string, followed: Followed): Promise<void> => {
    const request = { connectorName, tradingPairs: [tradingPair] }
    // Who cannot tell a price leaves the snapshot empty; the order has its own checks.
    const reply = await call('market-data', 'prices', request, pricesReply, ASK_TIMEOUT_MS).catch(() => undefined)
    const last = reply?.prices[tradingPair]
    if (reply !== undefined && last != null) followed.asked = { bid: null, ask: null, last, time: reply.time }
  }

  return {
    of(connectorName, tradingPair) {
      const key = `${connectorName}\n${tradingPair}`
      const followed = markets.get(key) ?? follow(connectorName, tradingPair)
      // The one used last goes to the end.
      markets.delete(key)
      markets.set(key, followed)
      for (const [oldest, { subscription }] of markets) {
        if (markets.size <= MOST_FOLLOWED) break
        subscription.unsubscribe()
        markets.delete(oldest)
      }
      const time = now()
      if (time - followed.askedAt >= ASK_EVERY_MS) {
        followed.askedAt = time
        background(`the market of ${tradingPair} on ${connectorName}`, ask(connectorName, tradingPair, followed))
      }
      const { ticker, asked } = followed
      const newest = ticker !== undefined && ticker.time >= (asked?.time ?? 0) ? ticker : (asked ?? ticker)
      return newest !== undefined && time - newest.time <= USABLE_MS ? newest : null
    },
    close() {
      for (const { subscription } of markets.values()) subscription.unsubscribe()
      markets.clear()
    },
  }
}

const tickerOf = (data: Uint8Array): MarketSnapshot | undefined => {
  const message = marketMessages.ticker.safeParse(jsonOf(data))
  if (!message.success || message.data.type !== 'update') return undefined
  const { bid, ask, last, time } = message.data.value
  return { bid, ask, last, time: Math.round(time) }
}

const jsonOf = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    return undefined
  }
}
