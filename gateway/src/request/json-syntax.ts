/** Where and why a text is no JSON, in the words the contract's clients know. The offset counts characters. */
export interface JsonSyntaxError {
  readonly offset: number
  readonly message: string
}

interface Failure {
  readonly at: number
  readonly message: string
}

const whitespace = /[ \t\n\r]*/y
const literal = /null|true|false|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const hexDigits = /^[\da-fA-F]{4}$/

const failure = (at: number, message: string): Failure => ({ at, message })

const skip = (text: string, at: number): number => {
  whitespace.lastIndex = at
  whitespace.test(text)
  return whitespace.lastIndex
}

/** `open` is the position of the quote; returns the position after the closing one. */
const stringEnd = (text: string, open: number): number | Failure => {
  let at = open + 1
  for (;;) {
    const code = text.charCodeAt(at)
    if (Number.isNaN(code)) return failure(open, 'Unterminated string starting at')
    if (code === 0x22) return at + 1
    if (code <= 0x1f) return failure(at, 'Invalid control character at')
    if (code !== 0x5c) {
      at += 1
      continue
    }
    const escaped = text.charAt(at + 1)
    if (escaped === '') return failure(open, 'Unterminated string starting at')
    if (escaped !== 'u') {
      if (!'"\\/bfnrt'.includes(escaped)) return failure(at, 'Invalid \\escape')
      at += 2
      continue
    }
    // A text that ends right after the digits is told the same way as missing digits.
    if (at + 6 >= text.length || !hexDigits.test(text.slice(at + 2, at + 6))) {
      return failure(at + 1, 'Invalid \\uXXXX escape')
    }
    at += 6
  }
}

const keyEnd = (text: string, at: number): number | Failure => {
  if (text.charAt(at) !== '"') return failure(at, 'Expecting property name enclosed in double quotes')
  const end = stringEnd(text, at)
  if (typeof end !== 'number') return end
  const colon = skip(text, end)
  return text.charAt(colon) === ':' ? skip(text, colon + 1) : failure(colon, "Expecting ':' delimiter")
}

const scan = (text: string): Failure | undefined => {
  const open: ('object' | 'array')[] = []
  let at = skip(text, 0)
  for (;;) {
    // A value starts at `at`.
    const first = text.charAt(at)
    let end: number | Failure
    if (first === '{' || first === '[') {
      const inner = skip(text, at + 1)
      if (text.charAt(inner) !== (first === '{' ? '}' : ']')) {
        open.push(first === '{' ? 'object' : 'array')
        const next = first === '{' ? keyEnd(text, inner) : inner
        if (typeof next !== 'number') return next
        at = next
        continue
      }
      end = inner + 1
    } else if (first === '"') {
      end = stringEnd(text, at)
    } else {
      literal.lastIndex = at
      end = literal.test(text) ? literal.lastIndex : failure(at, 'Expecting value')
    }
    if (typeof end !== 'number') return end
    // A value ended: close what closes, and find the next value.
    for (;;) {
      at = skip(text, end)
      const container = open.at(-1)
      if (container === undefined) return at === text.length ? undefined : failure(at, 'Extra data')
      const closing = container === 'object' ? '}' : ']'
      if (text.charAt(at) === closing) {
        open.pop()
        end = at + 1
        continue
      }
      if (text.charAt(at) !== ',') return failure(at, "Expecting ',' delimiter")
      const next = skip(text, at + 1)
      if (text.charAt(next) === closing) return failure(at, `Illegal trailing comma before end of ${container}`)
      const value = container === 'object' ? keyEnd(text, next) : next
      if (typeof value !== 'number') return value
      at = value
      break
    }
  }
}

/** Returns undefined for a text the contract accepts, `NaN` and infinities included: those are refused by value later. */
export const jsonSyntaxError = (text: string): JsonSyntaxError | undefined => {
  if (text.startsWith('\uFEFF')) return { offset: 0, message: 'Unexpected UTF-8 BOM (decode using utf-8-sig)' }
  const found = scan(text)
  if (found === undefined) return undefined
  return { offset: [...text.slice(0, found.at)].length, message: found.message }
}
