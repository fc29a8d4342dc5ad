import { exact } from '../decimals.ts'
import type { BookView } from '../venue.ts'
import type { ExactBook } from './exact-book.ts'
import { plain } from './exact-side.ts'

/**
 * A book as its readers see it: amounts in base units (`contractSize` where the venue counts contracts), texts without
 * trailing zeros. After an interruption it stands still at the last good state; the next `data` brings another view.
 */
export const bookView = (tradingPair: string, book: ExactBook, contractSize: string | null): BookView => {
  const amountOf = (text: string): string =>
    contractSize === null ? plain(text) : exact(text).times(contractSize).toFixed()
  return {
    tradingPair,
    get updateId() {
      return book.updateId
    },
    get time() {
      return book.timestamp ?? book.changedAt
    },
    side: (side, depth = Number.POSITIVE_INFINITY) => book[side].levels(depth, amountOf),
  }
}
