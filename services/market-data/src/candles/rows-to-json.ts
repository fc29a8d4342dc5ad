import type { CandleReply } from './candle-reply.ts'

const NAMES: readonly (keyof CandleReply)[] = [
  'timestamp',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'quote_asset_volume',
  'n_trades',
  'taker_buy_base_volume',
  'taker_buy_quote_volume',
]

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
/** What stands before each value of a row. */
const BEFORE: readonly Uint8Array[] = NAMES.map((name, index) => bytes(`${index === 0 ? '{' : ','}"${name}":`))
const BETWEEN = BEFORE.slice(1).reduce((sum, { length }) => sum + length, 0)
/** The first name of a row, the comma before it and the brace behind the last value. */
const AROUND = (BEFORE[0]?.length ?? 0) + 2

const TAB = 9
const NEWLINE = 10
const COMMA = 44
const CLOSE = 125

/**
 * Turns rows as COPY prints them, tab-separated and in the reply's order, into the members of a JSON list. Byte by byte:
 * a hundred thousand rows as strings would cost more time, most of it in collecting the garbage.
 */
export class RowsToJson {
  /** Of the value that comes next; -1 at the beginning of a row. */
  #column = -1
  #isFirst = true

  /** Takes the next bytes, which may end anywhere in a row. */
  take(text: Uint8Array): Uint8Array {
    const json = Buffer.allocUnsafe(this.#mostBytes(text))
    let end = 0
    for (let at = 0; at < text.length; at++) {
      const byte = text[at] ?? 0
      if (this.#column < 0) {
        if (!this.#isFirst) json[end++] = COMMA
        this.#isFirst = false
        end = this.#name(json, end)
      }
      if (byte === TAB) end = this.#name(json, end)
      else if (byte === NEWLINE) {
        json[end++] = CLOSE
        this.#column = -1
      } else json[end++] = byte
    }
    return json.subarray(0, end)
  }

  #name(json: Buffer, start: number): number {
    this.#column++
    const name = BEFORE[this.#column]
    if (name === undefined) throw new RangeError('a row has too many values')
    let end = start
    for (let at = 0; at < name.length; at++) json[end++] = name[at] ?? 0
    return end
  }

  #mostBytes(text: Uint8Array): number {
    let rows = 1
    for (let at = 0; at < text.length; at++) if (text[at] === NEWLINE) rows++
    return text.length + rows * (BETWEEN + AROUND)
  }
}
