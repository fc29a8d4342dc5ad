import {
  type BookLevel,
  type BookView,
  type Candle,
  type FundingInfo,
  type Interruption,
  type LiveVenue,
  type PublicTrade,
  type StreamItem,
  type Ticker,
  UnknownPair,
} from '@colibri/exchange'

type Raw = BookView | readonly PublicTrade[] | Ticker | readonly Candle[] | FundingInfo

/** An exchange whose streams say what the test tells them to, and that counts who listens. */
export interface ScriptedExchange {
  venue(connectorName: string): LiveVenue
  /** Streams open now, by `<kind> <pair>`. */
  open(name: string): number
  /** Streams ever opened. */
  opened(name: string): number
  book(pair: string, updateId: number, bids: readonly BookLevel[], asks: readonly BookLevel[]): void
  trades(pair: string, trades: readonly PublicTrade[]): void
  candles(pair: string, rows: readonly Candle[]): void
  interrupt(name: string, reason: Interruption): void
  /** The venue refuses the pair from now on. */
  refuse(pair: string): void
}

interface Line {
  push(item: StreamItem<Raw>): void
  fail(error: Error): void
}

export const scriptedExchange = (): ScriptedExchange => {
  const lines = new Map<string, Set<Line>>()
  const opened = new Map<string, number>()
  const refused = new Set<string>()
  const linesOf = (name: string): Set<Line> => {
    const known = lines.get(name) ?? new Set()
    lines.set(name, known)
    return known
  }

  async function* stream<T extends Raw>(
    name: string,
    pair: string,
    signal: AbortSignal,
    is: (raw: Raw) => raw is T,
  ): AsyncGenerator<StreamItem<T>> {
    if (refused.has(pair)) throw new UnknownPair(`Trading pair ${pair} not found`)
    const waiting: StreamItem<T>[] = []
    let failure: Error | undefined
    let wake = (): void => undefined
    const line: Line = {
      push: (item) => {
        if (item.kind === 'interrupted') waiting.push(item)
        else if (is(item.value)) waiting.push({ kind: 'data', value: item.value })
        wake()
      },
      fail: (error) => {
        failure = error
        wake()
      },
    }
    const stop = (): void => wake()
    signal.addEventListener('abort', stop)
    linesOf(name).add(line)
    opened.set(name, (opened.get(name) ?? 0) + 1)
    try {
      while (!signal.aborted) {
        if (failure !== undefined) throw failure
        const next = waiting.shift()
        if (next !== undefined) yield next
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      linesOf(name).delete(line)
      signal.removeEventListener('abort', stop)
    }
  }

  const say = (name: string, value: Raw): void => {
    for (const line of linesOf(name)) line.push({ kind: 'data', value })
  }

  return {
    venue: (connectorName) => ({
      connectorName,
      book: (pair, signal) => stream(`book ${pair}`, pair, signal, (raw) => 'updateId' in raw),
      trades: (pair, signal) => stream(`trades ${pair}`, pair, signal, isTrades),
      ticker: (pair, signal) => stream(`ticker ${pair}`, pair, signal, (raw) => 'last' in raw),
      candles: (pair, interval, signal) => stream(`candles-${interval} ${pair}`, pair, signal, isCandles),
      funding: (pair, signal) => stream(`funding ${pair}`, pair, signal, (raw) => 'rate' in raw),
      close: async () => undefined,
    }),
    open: (name) => linesOf(name).size,
    opened: (name) => opened.get(name) ?? 0,
    book: (pair, updateId, bids, asks) =>
      say(`book ${pair}`, {
        tradingPair: pair,
        updateId,
        time: Date.now(),
        side: (side, depth) => (side === 'bids' ? bids : asks).slice(0, depth),
      }),
    trades: (pair, trades) => say(`trades ${pair}`, trades),
    candles: (pair, rows) => say(`candles-1m ${pair}`, rows),
    interrupt: (name, reason) => {
      for (const line of linesOf(name)) line.push({ kind: 'interrupted', reason, error: new Error(reason) })
    },
    refuse: (pair) => {
      refused.add(pair)
      for (const [name, set] of lines)
        if (name.endsWith(` ${pair}`))
          for (const line of set) line.fail(new UnknownPair(`Trading pair ${pair} not found`))
    },
  }
}

const isTrades = (raw: Raw): raw is readonly PublicTrade[] => Array.isArray(raw)
const isCandles = (raw: Raw): raw is readonly Candle[] => Array.isArray(raw)
