import { exact } from '../decimals.ts'
import type { BookLevel } from '../venue.ts'

/** `[price, amount, …]`, texts as the venue sent them. */
export type Row = readonly [price: string, amount: string, ...rest: unknown[]]

export class UnreadableLevel extends Error {
  override readonly name = 'UnreadableLevel'
}

/** The text without trailing zeros of its fraction: one number, one text. */
export const plain = (text: string): string => {
  if (text.includes('e') || text.includes('E') || text.startsWith('+')) return exact(text).toFixed()
  if (!text.includes('.')) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end -= 1
  if (text.charCodeAt(end - 1) === 46) end -= 1
  return end === text.length ? text : text.slice(0, end)
}

/** The book of a side. */
export interface SideOwner {
  /** Told of what a level was, before it changes. */
  changed(side: ExactSide, key: number, row: Row | null): void
}

/** Levels at the top are read many times before they change: made once, they are shared by all readings. */
const sharedLevels = 200

/**
 * One side of a book, best first. It is an array of rows because ccxt's exchange classes read it as one; keys are prices
 * as floats, which order them, while the texts stay as the venue sent them.
 */
export class ExactSide extends Array<Row> {
  readonly #keys: number[] = []
  /** Rows as readers see them, as far as they have been read. */
  readonly #levels: (BookLevel | null)[] = []
  readonly #sign: 1 | -1
  readonly #book: SideOwner
  /** Nothing is known of what lies deeper than this key. */
  horizon = Number.POSITIVE_INFINITY

  constructor(book: SideOwner, side: 'bids' | 'asks') {
    super()
    this.#book = book
    this.#sign = side === 'asks' ? 1 : -1
  }

  // Slices and maps of a side are plain arrays.
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  store(price: unknown, amount: unknown): void {
    this.storeArray([price, amount])
  }

  /** Sets one level; an amount of zero removes it. Throws `UnreadableLevel`. */
  storeArray(delta: readonly unknown[]): void {
    const [price, amount, count] = delta
    const priceText = typeof price === 'number' ? String(price) : price
    const amountText = typeof amount === 'number' ? String(amount) : amount
    if (typeof priceText !== 'string' || typeof amountText !== 'string') {
      throw new UnreadableLevel(`a level of ${String(price)}, ${String(amount)}`)
    }
    const value = Number(priceText)
    const size = Number(amountText)
    // ccxt passes placeholders of an empty level on: KuCoin's price 0 only moves the sequence.
    if (value === 0 && priceText !== '') return
    if (!(value > 0 && value < Number.POSITIVE_INFINITY && size >= 0 && size < Number.POSITIVE_INFINITY)) {
      throw new UnreadableLevel(`a level of ${priceText}, ${amountText}`)
    }
    const key = value * this.#sign
    if (key > this.horizon) return
    this.#set(key, size === 0 || count === 0 ? null : [priceText, amountText, ...delta.slice(2)])
  }

  /** The best `depth` levels without trailing zeros, amounts in what `amountOf` makes of the venue's. */
  levels(depth: number, amountOf: (text: string) => string): readonly BookLevel[] {
    const levels: BookLevel[] = []
    const count = Math.min(this.length, depth)
    for (let index = 0; index < count; index += 1) {
      const row = this[index]
      if (row === undefined) break
      const level = this.#levels[index] ?? { price: plain(row[0]), amount: amountOf(row[1]) }
      if (index < sharedLevels) this.#levels[index] = level
      levels.push(level)
    }
    return levels
  }

  /** Puts a level back as it was. */
  restore(key: number, row: Row | null): void {
    this.#set(key, row)
  }

  clear(): void {
    for (let index = this.length - 1; index >= 0; index -= 1) this.#set(this.#keys[index] ?? 0, null)
  }

  /** Forgets what lies deeper than `depth` levels. */
  keep(depth: number): void {
    while (this.length > depth) this.#set(this.#keys[this.length - 1] ?? 0, null)
  }

  /** Takes the levels that are there for all that is known, if there are as many as a snapshot can hold. */
  lookNoFurther(snapshotDepth: number): void {
    const deepest = this.#keys.at(-1)
    this.horizon = deepest === undefined || this.length < snapshotDepth ? Number.POSITIVE_INFINITY : deepest
  }

  /** ccxt cuts books by this; depth is the book's own matter. */
  limit(): void {}

  #set(key: number, row: Row | null): void {
    const keys = this.#keys
    const levels = this.#levels
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((keys[middle] ?? 0) < key) low = middle + 1
      else high = middle
    }
    const found = keys[low] === key ? (this[low] ?? null) : null
    if (found === null && row === null) return
    this.#book.changed(this, key, found)
    if (found !== null && row !== null) {
      this[low] = row
      levels[low] = null
    } else if (row !== null) {
      // Plain loops: splice of an array's subclass takes V8's slow path.
      const length = keys.length
      keys.push(key)
      levels.push(null)
      this.push(row)
      for (let index = length; index > low; index -= 1) {
        keys[index] = keys[index - 1] ?? 0
        levels[index] = levels[index - 1] ?? null
        this[index] = this[index - 1] ?? row
      }
      keys[low] = key
      levels[low] = null
      this[low] = row
    } else {
      const last = keys.length - 1
      for (let index = low; index < last; index += 1) {
        keys[index] = keys[index + 1] ?? 0
        levels[index] = levels[index + 1] ?? null
        this[index] = this[index + 1] ?? found ?? ['0', '0']
      }
      keys.pop()
      levels.pop()
      this.pop()
    }
  }
}
