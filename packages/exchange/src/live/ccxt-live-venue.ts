import type { Connector } from '../catalogue.ts'
import type { ExchangeSettings } from '../ccxt-exchange.ts'
import { ccxtSession, type Session } from '../ccxt-session.ts'
import { refuseSpot } from '../funding-info.ts'
import {
  type BookView,
  type Candle,
  type FundingInfo,
  type LiveVenue,
  type PublicTrade,
  type PublicVenue,
  type StreamItem,
  type Ticker,
  VenueRefused,
  VenueUnavailable,
} from '../venue.ts'
import { backoff } from './backoff.ts'
import { type Channel, channel } from './channel.ts'
import { follow, type Subscription } from './follow.ts'
import { streamFailure } from './interruptions.ts'
import { isLive, type LiveExchange, makeLive } from './live-exchange.ts'
import type { Join } from './mailbox.ts'
import { poll } from './poll.ts'
import { polled } from './polled.ts'
import {
  bookSubscription,
  candlesSubscription,
  fundingSubscription,
  refuseUnknownInterval,
  type StreamSource,
  streamsFunding,
  tickerSubscription,
  tradesSubscription,
} from './subscriptions.ts'

/** Trades that wait for a slow reader; when there are more he is told of the loss. */
const mostWaitingTrades = 2_000
/** Rows of candles that wait for a slow reader: he is told of newer ones only. */
const mostWaitingCandles = 1_000

const newest = <T>(_: T, next: T): T => next
const joinTrades: Join<readonly PublicTrade[]> = (waiting, next) =>
  waiting.length + next.length > mostWaitingTrades ? null : [...waiting, ...next]
const joinCandles: Join<readonly Candle[]> = (waiting, next) =>
  [...new Map([...waiting, ...next].map((candle) => [candle.time, candle])).values()]
    .sort((left, right) => left.time - right.time)
    .slice(-mostWaitingCandles)

/** How one kind of stream is made. */
interface Kind<T> {
  readonly key: string
  readonly tradingPair: string
  readonly join: Join<T>
  /** `state`: a reader who comes late begins with the newest value. */
  readonly tells: 'state' | 'changes'
  /** The exchange's method, or `null` where its stream is of no use here. */
  readonly method: (exchange: LiveExchange) => string | null
  readonly subscribe: (source: StreamSource) => Subscription<T>
  readonly everyMs: number
  readonly ask: () => Promise<T | undefined>
}

/** The streams under way at one venue, by key. Adding and leaving are told, so that sockets close with the last one. */
interface Streams {
  open<T>(kind: Kind<T>, signal: AbortSignal): AsyncIterable<StreamItem<T>>
  close(): Promise<void>
}

const streamsOf = (connector: Connector, settings: ExchangeSettings): Streams => {
  const session = ccxtSession(connector, settings)
  const connection = backoff()
  const bookFailures = new Map<string, (error: unknown) => void>()
  const running = new Map<string, { readonly channel: unknown; readonly stop: AbortController }>()
  const ending = new Map<string, Promise<void>>()
  let exchange: LiveExchange | null | undefined
  let resting: Promise<unknown> = Promise.resolve()

  const liveOf = (opened: Session): LiveExchange | null => {
    if (exchange === undefined) {
      exchange = isLive(opened.exchange) ? opened.exchange : null
      if (exchange !== null) {
        makeLive(exchange, { bookFailed: (symbol, error) => bookFailures.get(symbol)?.(error) })
      }
    }
    return exchange
  }
  const failureOf = (error: unknown) => streamFailure(exchange?.id ?? '', connector.name, error)

  /** A venue that refuses to tell its markets may do so later: only what is said of a stream itself is final. */
  const ready = (): Promise<Session> =>
    session.ready().catch((error: unknown) => {
      throw error instanceof VenueRefused ? new VenueUnavailable(error.message) : error
    })

  const run = async <T>(kind: Kind<T>, put: (item: StreamItem<T>) => void, signal: AbortSignal): Promise<void> => {
    await ending.get(kind.key)
    await resting
    const open = async (): Promise<Subscription<T> | null> => {
      const opened = await ready()
      const market = opened.markets.market(kind.tradingPair)
      const live = liveOf(opened)
      const method = live === null ? null : kind.method(live)
      if (live === null || method === null || live.has[method] !== true) return null
      const alone = () => running.size === 0
      return kind.subscribe({ exchange: live, market, tradingPair: kind.tradingPair, alone, bookFailures })
    }
    const outcome = await follow({ open, failureOf, backoff: connection, put, signal })
    if (outcome === 'unsupported') {
      await poll({ ask: kind.ask, everyMs: kind.everyMs, failureOf, backoff: backoff(), put, signal })
    }
  }

  /** Closes the sockets when nothing is read any more. */
  const rest = async (): Promise<void> => {
    if (running.size > 0 || exchange == null) return
    resting = exchange.close().catch(() => undefined)
    await resting
  }

  const start = <T>(kind: Kind<T>): Channel<T> => {
    const stop = new AbortController()
    let newestValue: T | undefined
    const made = channel<T>({
      join: kind.join,
      newest: () => newestValue,
      run: (put, signal) => {
        const ended = run(
          kind,
          (item) => {
            newestValue = item.kind === 'data' && kind.tells === 'state' ? item.value : undefined
            put(item)
          },
          AbortSignal.any([signal, stop.signal]),
        )
        const gone = ended.then(rest, rest).finally(() => {
          if (ending.get(kind.key) === gone) ending.delete(kind.key)
        })
        ending.set(kind.key, gone)
        gone.catch(() => undefined)
        return ended
      },
      empty: () => {
        if (running.get(kind.key)?.channel === made) running.delete(kind.key)
        // Closing settles the unsubscribing of others that is still under way; it never rejects.
        rest().catch(() => undefined)
      },
    })
    running.set(kind.key, { channel: made, stop })
    return made
  }

  return {
    async *open<T>(kind: Kind<T>, signal: AbortSignal) {
      // The key names the kind, so what is found under it is of its type.
      const found = running.get(kind.key)?.channel as Channel<T> | undefined
      yield* (found ?? start(kind)).read(signal)
    },
    async close() {
      for (const { stop } of running.values()) stop.abort()
      running.clear()
      await session.close()
      await Promise.all(ending.values())
    },
  }
}

/**
 * Public data of one connector as it happens, through ccxt's websocket class: one connection for each address of the
 * venue, however many streams and readers. What the class cannot stream is asked for by REST again and again: books and
 * trades every 2 seconds, tickers and candles every 5, funding every 10.
 */
export const ccxtLiveVenue = (
  connector: Connector,
  settings: ExchangeSettings,
  publicVenue: () => PublicVenue,
): LiveVenue => {
  const streams = streamsOf(connector, settings)
  const ask = polled(publicVenue)
  return {
    connectorName: connector.name,
    book: (tradingPair, signal) =>
      streams.open<BookView>(
        {
          key: `book ${tradingPair}`,
          tradingPair,
          join: newest,
          tells: 'state',
          method: () => 'watchOrderBook',
          subscribe: bookSubscription,
          everyMs: 2_000,
          ask: ask.book(tradingPair),
        },
        signal,
      ),
    trades(tradingPair, signal) {
      const seen = new Set<string>()
      return streams.open<readonly PublicTrade[]>(
        {
          key: `trades ${tradingPair}`,
          tradingPair,
          join: joinTrades,
          tells: 'changes',
          method: () => 'watchTrades',
          subscribe: (source) => tradesSubscription(source, seen),
          everyMs: 2_000,
          ask: ask.trades(tradingPair),
        },
        signal,
      )
    },
    ticker: (tradingPair, signal) =>
      streams.open<Ticker>(
        {
          key: `ticker ${tradingPair}`,
          tradingPair,
          join: newest,
          tells: 'state',
          method: () => 'watchTicker',
          subscribe: tickerSubscription,
          everyMs: 5_000,
          ask: ask.ticker(tradingPair),
        },
        signal,
      ),
    candles: (tradingPair, interval, signal) =>
      streams.open<readonly Candle[]>(
        {
          key: `candles ${tradingPair} ${interval}`,
          tradingPair,
          join: joinCandles,
          tells: 'changes',
          method: (exchange) => {
            refuseUnknownInterval(connector.name, exchange, interval)
            return 'watchOHLCV'
          },
          subscribe: (source) => candlesSubscription(source, interval),
          everyMs: 5_000,
          ask: ask.candles(tradingPair, interval),
        },
        signal,
      ),
    funding: (tradingPair, signal) =>
      streams.open<FundingInfo>(
        {
          key: `funding ${tradingPair}`,
          tradingPair,
          join: newest,
          tells: 'state',
          method(exchange) {
            refuseSpot(connector)
            return streamsFunding(exchange) ? 'watchMarkPrice' : null
          },
          subscribe: fundingSubscription,
          everyMs: 10_000,
          ask: ask.funding(tradingPair),
        },
        signal,
      ),
    close: streams.close,
  }
}
