import type { Exchange } from '../engine/exchange.ts'
import type { Instrument } from '../engine/instruments.ts'
import type { Book, Level } from '../replay/book.ts'

export interface BookDiff {
  readonly instrument: Instrument
  /** First and last update id of the diff, and the last id of the diff before it. */
  readonly first: number
  readonly last: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

interface Shown {
  id: number
  revision: number
  tradeId: number
  bids: Map<number, number>
  asks: Map<number, number>
}

/**
 * What has been shown of each book. Snapshots and diffs draw their ids from here, so that a diff always follows the
 * snapshot or the diff before it without a gap.
 */
export class BookFeed {
  readonly #exchange: Exchange
  readonly #shown = new Map<string, Shown>()
  readonly #listeners = new Set<(diff: BookDiff) => void>()
  #revision = 0

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    exchange.onEvent(() => this.#revision++)
  }

  onDiff(listener: (diff: BookDiff) => void): void {
    this.#listeners.add(listener)
  }

  /** Shows the book as it is now, tells the listeners what changed, and returns its update id. */
  readonly refresh = (instrument: Instrument): number => {
    const tradeId = this.#exchange.lastTrade(instrument).id
    const shown = this.#shown.get(instrument.key)
    if (shown?.tradeId === tradeId && shown.revision === this.#revision) return shown.id
    const book = this.#exchange.book(instrument)
    const sides = sidesOf(book)
    if (!shown) {
      // Wall time, so that ids grow over a restart.
      const id = this.#exchange.clock.wall()
      this.#shown.set(instrument.key, { id, revision: this.#revision, tradeId, ...sides })
      return id
    }
    const bids = changes(shown.bids, sides.bids)
    const asks = changes(shown.asks, sides.asks)
    shown.revision = this.#revision
    shown.tradeId = tradeId
    if (bids.length + asks.length === 0) return shown.id
    const diff: BookDiff = { instrument, first: shown.id + 1, last: shown.id + bids.length + asks.length, bids, asks }
    Object.assign(shown, sides, { id: diff.last })
    for (const listener of this.#listeners) listener(diff)
    return diff.last
  }
}

const sidesOf = (book: Book): { bids: Map<number, number>; asks: Map<number, number> } => ({
  bids: new Map(book.bids.map((level) => [level.price, level.lots])),
  asks: new Map(book.asks.map((level) => [level.price, level.lots])),
})

const changes = (before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): Level[] => {
  const changed: Level[] = []
  for (const [price, lots] of after) if (before.get(price) !== lots) changed.push({ price, lots })
  for (const price of before.keys()) if (!after.has(price)) changed.push({ price, lots: 0 })
  return changed
}
