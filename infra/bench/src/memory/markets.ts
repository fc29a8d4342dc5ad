import {
  binanceReplay,
  gateReplay,
  kucoinReplay,
  NaiveBook,
  type ReplayFrame,
  type ReplayVenue,
} from '@colibri/testkit'
import { z } from 'zod'

/** One market as it is fed: frames of a capture, under its own name, round and round. */
export interface FedMarket {
  readonly id: string
  readonly tradingPair: string
  readonly books: readonly ReplayFrame[]
  readonly trades: readonly ReplayFrame[]
}

export interface FedVenue {
  readonly replay: ReplayVenue
  readonly markets: readonly FedMarket[]
  /** The frame's text with the number that follows `last`, so that a second round goes on where the first one ended. */
  numbered(text: string, last: number): string
}

type Captured = Pick<FedVenue, 'numbered'> & { readonly replay: ReplayVenue | undefined; readonly markets: number }

/** Fifty books. Binance's captures hold four markets each: their frames go out under the names of others, too. */
const captured = (): readonly Captured[] => [
  {
    replay: binanceReplay('spot'),
    markets: 15,
    numbered: (text, last) => text.replace(/"U":\d+,"u":\d+/, `"U":${last + 1},"u":${last + 1}`),
  },
  {
    replay: binanceReplay('futures'),
    markets: 16,
    numbered: (text, last) => text.replace(/"U":\d+,"u":\d+,"pu":\d+/, `"U":${last + 1},"u":${last + 1},"pu":${last}`),
  },
  {
    replay: kucoinReplay(),
    markets: 9,
    numbered: (text, last) =>
      text
        .replace(/"sequenceStart":\d+/, `"sequenceStart":${last + 1}`)
        .replace(/"sequenceEnd":\d+/, `"sequenceEnd":${last + 1}`),
  },
  {
    replay: gateReplay('obu'),
    markets: 10,
    numbered: (text, last) => text.replace(/"U":\d+,"u":\d+/, `"U":${last + 1},"u":${last + 1}`),
  },
]

const listing = z.object({
  symbols: z.array(z.object({ symbol: z.string(), status: z.string(), baseAsset: z.string(), quoteAsset: z.string() })),
})

/** Markets that the venue lists and the capture has nothing of. */
const furtherMarkets = (replay: ReplayVenue): readonly { readonly id: string; readonly tradingPair: string }[] => {
  const page =
    replay.page(new URL('http://venue/api/v3/exchangeInfo'), '') ??
    replay.page(new URL('http://venue/fapi/v1/exchangeInfo'), '')
  if (page === undefined) return []
  return listing
    .parse(JSON.parse(page))
    .symbols.filter(({ symbol, status }) => status === 'TRADING' && /^[A-Z]+$/.test(symbol))
    .map(({ symbol, baseAsset, quoteAsset }) => ({ id: symbol, tradingPair: `${baseAsset}-${quoteAsset}` }))
    .filter(({ id }) => !replay.books.has(id))
}

const framesOf = ({ frames }: ReplayVenue, id: string): Pick<FedMarket, 'books' | 'trades'> => {
  const own = frames.filter(({ market }) => market === id)
  return {
    books: own.filter(({ change }) => change !== undefined),
    trades: own.filter(({ trades }) => trades !== undefined),
  }
}

const underAnotherName = (frame: ReplayFrame, from: string, to: string): ReplayFrame => {
  const renamed = (text: string): string => text.replaceAll(from, to).replaceAll(from.toLowerCase(), to.toLowerCase())
  return { ...frame, market: to, topic: renamed(frame.topic), text: renamed(frame.text) }
}

const copyOf = (book: NaiveBook): NaiveBook => {
  const copy = new NaiveBook()
  for (const side of ['bids', 'asks'] as const) copy.setAll(side, book.rows(side))
  copy.sequence = book.sequence
  copy.time = book.time
  return copy
}

const fed = ({ markets: wanted, numbered }: Captured, replay: ReplayVenue): FedVenue => {
  const own = replay.markets.slice(0, wanted).map((market) => ({ ...market, ...framesOf(replay, market.id) }))
  // Busy markets lend their frames.
  const lenders = [...own].sort((one, other) => other.books.length - one.books.length).slice(0, 2)
  const further = furtherMarkets(replay)
    .slice(0, wanted - own.length)
    .flatMap(({ id, tradingPair }, index): readonly FedMarket[] => {
      const lender = lenders[index % lenders.length]
      const book = lender === undefined ? undefined : replay.books.get(lender.id)
      if (lender === undefined || book === undefined) return []
      replay.books.set(id, copyOf(book))
      const named = (frame: ReplayFrame): ReplayFrame => underAnotherName(frame, lender.id, id)
      return [{ id, tradingPair, books: lender.books.map(named), trades: lender.trades.map(named) }]
    })
  return { replay, markets: [...own, ...further].filter(({ books }) => books.length > 0), numbered }
}

/** The venues whose captures are on this machine. */
export const fedVenues = (): readonly FedVenue[] =>
  captured().flatMap((one) => (one.replay === undefined ? [] : [fed(one, one.replay)]))
