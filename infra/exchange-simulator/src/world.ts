import { Clock } from './clock.ts'
import { Exchange } from './engine/exchange.ts'
import type { History, Journal } from './journal.ts'
import { BookFeed } from './ws/book-feed.ts'

export interface WorldOptions {
  readonly journal: Journal
  readonly seed: number
  readonly speed: number
  readonly account: {
    readonly apiKey: string
    readonly apiSecret: string
    readonly spot: Readonly<Record<string, string>>
    readonly futures: Readonly<Record<string, string>>
  }
}

export const defaultAccount = 'default'

/** An exchange and what has been shown of it; a reset throws one away and makes another. */
export interface World {
  readonly exchange: Exchange
  readonly books: BookFeed
}

export const createWorld = (options: WorldOptions, history: History): World => {
  const exchange = new Exchange({
    clock: new Clock(options.speed),
    seed: options.seed,
    journal: (events) => options.journal.append(events),
    history,
  })
  const known = exchange.state.accounts.get(defaultAccount)
  if (known?.apiKey !== options.account.apiKey || known.apiSecret !== options.account.apiSecret) {
    exchange.commit([{ type: 'AccountOpened', account: defaultAccount, ...options.account }])
  }
  return { exchange, books: new BookFeed(exchange) }
}
