/** Why and where, in code points, Python's `json` module stops reading a text. */
export class JsonDecodeError extends Error {
  override readonly name = 'JsonDecodeError'
  constructor(
    message: string,
    readonly position: number,
  ) {
    super(message)
  }
}

/** The exact text of numbers whose text JavaScript would not print again, by the object or list that holds them. */
export type NumberTexts = WeakMap<object, Map<string, string>>

export interface ParsedJson {
  readonly value: unknown
  readonly numberTexts: NumberTexts
}

/** `1.0`, `1e5` and integers past 2^53 lose their text as floats. */
const worthKeeping = /\d\.\d*0(?!\d)|\d[eE]|\d{16}|-0(?!\.\d)/

/** JSON as Python reads it: also NaN and infinities, and errors with its words and offsets. Throws `JsonDecodeError`. */
export const parsePythonJson = (text: string): ParsedJson => {
  const numberTexts: NumberTexts = new WeakMap()
  try {
    const value: unknown = worthKeeping.test(text) ? JSON.parse(text, keepText(numberTexts)) : JSON.parse(text)
    return { value, numberTexts }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { value: new Reader(text).document(), numberTexts }
  }
}

/** Node passes the source of a primitive as a third argument, which the library typings do not know yet. */
const keepText = (numberTexts: NumberTexts) =>
  function (this: object, key: string, value: unknown, context?: { readonly source?: string }): unknown {
    if (typeof value === 'number' && context?.source !== undefined && context.source !== String(value)) {
      const texts = numberTexts.get(this) ?? new Map<string, string>()
      numberTexts.set(this, texts.set(key, context.source))
    }
    return value
  }

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const words = new Map<string, unknown>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])
const escapes = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** Follows CPython's decoder step by step: it only runs on texts that JSON.parse refuses, so clarity beats speed. */
class Reader {
  #at = 0
  constructor(private readonly text: string) {}

  document(): unknown {
    this.#space()
    const value = this.#value()
    this.#space()
    if (this.#at < this.text.length) this.#fail('Extra data')
    return value
  }

  #value(): unknown {
    const start = this.text[this.#at]
    if (start === '"') return this.#string()
    if (start === '{') return this.#object()
    if (start === '[') return this.#array()
    for (const [word, value] of words) {
      if (!this.text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    numberPattern.lastIndex = this.#at
    const number = numberPattern.exec(this.text)
    if (!number) return this.#fail('Expecting value')
    this.#at += number[0].length
    return Number(number[0])
  }

  #object(): unknown {
    const members: [string, unknown][] = []
    this.#at += 1
    this.#space()
    if (this.#take('}')) return {}
    for (;;) {
      if (this.text[this.#at] !== '"') this.#fail('Expecting property name enclosed in double quotes')
      const name = this.#string()
      this.#space()
      if (!this.#take(':')) this.#fail("Expecting ':' delimiter")
      this.#space()
      members.push([name, this.#value()])
      this.#space()
      if (this.#take('}')) return Object.fromEntries(members)
      const comma = this.#at
      if (!this.#take(',')) this.#fail("Expecting ',' delimiter")
      this.#space()
      if (this.text[this.#at] === '}') this.#fail('Illegal trailing comma before end of object', comma)
    }
  }

  #array(): unknown {
    const items: unknown[] = []
    this.#at += 1
    this.#space()
    if (this.#take(']')) return items
    for (;;) {
      items.push(this.#value())
      this.#space()
      if (this.#take(']')) return items
      const comma = this.#at
      if (!this.#take(',')) this.#fail("Expecting ',' delimiter")
      this.#space()
      if (this.text[this.#at] === ']') this.#fail('Illegal trailing comma before end of array', comma)
    }
  }

  #string(): string {
    const begin = this.#at
    let value = ''
    this.#at += 1
    for (;;) {
      const char = this.text[this.#at]
      if (char === undefined) return this.#fail('Unterminated string starting at', begin)
      if (char === '"') {
        this.#at += 1
        return value
      }
      if (char === '\\') value += this.#escape(begin)
      else if (char < ' ') this.#fail('Invalid control character at')
      else {
        value += char
        this.#at += 1
      }
    }
  }

  #escape(begin: number): string {
    const kind = this.text[this.#at + 1]
    if (kind === undefined) return this.#fail('Unterminated string starting at', begin)
    if (kind === 'u') {
      const code = this.text.slice(this.#at + 2, this.#at + 6)
      if (!/^[\da-fA-F]{4}$/.test(code)) this.#fail('Invalid \\uXXXX escape', this.#at + 1)
      this.#at += 6
      return String.fromCharCode(Number.parseInt(code, 16))
    }
    const plain = escapes.get(kind)
    if (plain === undefined) return this.#fail('Invalid \\escape')
    this.#at += 2
    return plain
  }

  #space(): void {
    while (/[ \t\n\r]/.test(this.text[this.#at] ?? '')) this.#at += 1
  }

  #take(char: string): boolean {
    if (this.text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonDecodeError(message, [...this.text.slice(0, at)].length)
  }
}
