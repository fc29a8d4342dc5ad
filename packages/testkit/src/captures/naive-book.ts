import { Decimal } from 'decimal.js'

export type Side = 'bids' | 'asks'
export type Level = readonly [price: string, amount: string]

const plainTexts = new Map<string, string>()

/** One text for one number: `1.50` and `1.5` are the same. */
const plainOf = (text: string): string => {
  const known = plainTexts.get(text)
  if (known !== undefined) return known
  const plain = new Decimal(text).toFixed()
  if (plainTexts.size > 1_000_000) plainTexts.clear()
  plainTexts.set(text, plain)
  return plain
}

/**
 * A book as simple as can be, against which the served ones are held: a map for each side, sorted whenever it is read.
 * Rows keep the venue's own texts beside the plain ones, since checksums are made of them.
 */
export class NaiveBook {
  readonly #sides = { bids: new Map<string, Level>(), asks: new Map<string, Level>() }
  readonly #sorted: { [K in Side]?: readonly Level[] } = {}
  readonly #plain: { [K in Side]?: readonly Level[] } = {}
  /** The venue's number of the last update, where it numbers them. */
  sequence = 0
  time = 0

  set(side: Side, price: string, amount: string): void {
    const key = plainOf(price)
    delete this.#sorted[side]
    delete this.#plain[side]
    if (Number(amount) === 0) this.#sides[side].delete(key)
    else this.#sides[side].set(key, [price, amount])
  }

  setAll(side: Side, levels: readonly (readonly string[])[]): void {
    for (const [price, amount] of levels) {
      // KuCoin moves its sequence by a level at the price zero.
      if (price !== undefined && amount !== undefined && Number(price) !== 0) this.set(side, price, amount)
    }
  }

  /** Best first, with the venue's texts. */
  rows(side: Side): readonly Level[] {
    const sign = side === 'asks' ? 1 : -1
    const sorted =
      this.#sorted[side] ??
      [...this.#sides[side].values()].sort(([left], [right]) => sign * (Number(left) - Number(right)))
    this.#sorted[side] = sorted
    return sorted
  }

  /** Best first, with plain texts. */
  levels(side: Side): readonly Level[] {
    const plain =
      this.#plain[side] ?? this.rows(side).map(([price, amount]) => [plainOf(price), plainOf(amount)] as const)
    this.#plain[side] = plain
    return plain
  }

  keep(depth: number): void {
    for (const side of ['bids', 'asks'] as const) {
      const beyond = this.rows(side).slice(depth)
      for (const [price] of beyond) this.set(side, price, '0')
    }
  }
}
