import { exact } from '../decimals.ts'
import type { BookLevel, BookView } from '../venue.ts'
import { type ExactBook, plain } from './exact-book.ts'

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
    side(side, depth = Number.POSITIVE_INFINITY) {
      const rows = book[side]
      const count = Math.min(rows.length, depth)
      const levels: BookLevel[] = []
      for (let index = 0; index < count; index += 1) {
        const row = rows[index]
        if (row !== undefined) levels.push({ price: plain(row[0]), amount: amountOf(row[1]) })
      }
      return levels
    },
  }
}
